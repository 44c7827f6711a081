// Key pairs of Ed25519 (RFC 8032): the private key signs here, and whoever reads the public one can tell.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { PublicKey } from '../../core/webhooks.ts'

const PREFIX = /^whsk_/

/** What stands before the 32 bytes of a private key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

export const privateKeyOf = (text: string): KeyObject => {
  const bytes = Buffer.from(text.replace(PREFIX, ''), 'base64')
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes]), format: 'der', type: 'pkcs8' })
}

export const publicKeyOf = (privateKey: KeyObject, kid: string): PublicKey => {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' }
}
