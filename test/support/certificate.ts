// A certificate for one host name, signed by its own key: what a TLS server of a test needs. Written out as DER, as in
// RFC 5280, because Node makes keys but no certificates, and not every machine has a program that does.
import { generateKeyPairSync, sign } from 'node:crypto'

const DAY_MS = 86_400_000

export type Certificate = Readonly<{ key: string; cert: string }>

export const selfSigned = (host: string, nowMs: number): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from(host)))))
  const algorithm = sequence(oid(ECDSA_WITH_SHA256))
  const hostNames = sequence(tagged(0x82, Buffer.from(host)))
  const content = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // version 3
    tagged(0x02, Buffer.from([1])), // serial number
    algorithm,
    name,
    sequence(time(nowMs - DAY_MS), time(nowMs + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(sequence(oid(SUBJECT_ALT_NAME), tagged(0x04, hostNames)))),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, privateKey)])
  const der = sequence(content, algorithm, tagged(0x03, signature))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`,
  }
}

// Object identifiers, as they are encoded.
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const ECDSA_WITH_SHA256 = '2a8648ce3d040302'

const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts))
const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
/** `260822100000Z` */
const time = (ms: number): Buffer =>
  tagged(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replaceAll(/\D/g, '')}Z`))

const tagged = (tag: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])

const lengthOf = (length: number): Buffer => {
  if (length < 0x80) return Buffer.from([length])
  return length < 0x100
    ? Buffer.from([0x81, length])
    : Buffer.from([0x82, length >> 8, length & 0xff])
}
