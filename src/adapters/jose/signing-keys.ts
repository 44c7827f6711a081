// Our own Ed25519 keys, one JWK file each in a private folder. The last file by name that has a private part signs; all
// of them verify, so a key is rotated by adding `0002.jwk.json`, restarting, and removing the old file an hour later.
import { chmod, link, mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK_OKP_Private } from 'jose'
import type { JsonObject } from '../../core/json.ts'
import type { Logger } from '../../core/logger.ts'

export const SIGNING_ALGORITHM = 'EdDSA'
const KEY_FILE = /^[\w-]+\.jwk\.json$/
const FIRST_KEY_FILE = '0001.jwk.json'
const MAX_KEY_FILES = 32

export type SigningKeys = Readonly<{
  current: Readonly<{ kid: string; privateKey: CryptoKey }>
  publicKeys: ReadonlyMap<string, CryptoKey> // by kid, the RFC 7638 thumbprint
  jwks: JsonObject // public parts only
}>

/** Makes the first key when there is none. Processes that do so at once agree on one. */
export const loadSigningKeys = async (
  options: Readonly<{ directory: string; logger: Logger }>,
): Promise<SigningKeys> => {
  const { directory, logger } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await chmod(directory, 0o700)
  let files = await keyFilesIn(directory)
  if (files.length === 0) {
    await createFirstKey(directory, logger)
    files = await keyFilesIn(directory)
  }
  const keys = await Promise.all(files.map((file) => readKey(directory, file)))
  const signing = keys.findLast((key) => key.privateKey !== undefined)
  if (signing?.privateKey === undefined) {
    throw new Error('no file in the folder of signing keys has a private part')
  }
  return {
    current: { kid: signing.kid, privateKey: signing.privateKey },
    publicKeys: new Map(keys.map((key) => [key.kid, key.publicKey])),
    jwks: { keys: keys.map((key) => key.publicJwk) },
  }
}

const keyFilesIn = async (directory: string): Promise<readonly string[]> => {
  const files = (await readdir(directory)).filter((name) => KEY_FILE.test(name)).sort()
  if (files.length > MAX_KEY_FILES) {
    throw new Error(`the folder of signing keys holds more than ${MAX_KEY_FILES} keys`)
  }
  return files
}

/** `link` fails when the name exists, so exactly one process's key gets the name, whole and on disk. */
const createFirstKey = async (directory: string, logger: Logger): Promise<void> => {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const text = JSON.stringify({ ...jwk, kid, alg: SIGNING_ALGORITHM, use: 'sig' })
  const scratch = await mkdtemp(join(directory, '.new-'))
  try {
    const draft = join(scratch, FIRST_KEY_FILE)
    await writeDurably(draft, text)
    await link(draft, join(directory, FIRST_KEY_FILE))
    await syncFolder(directory)
    logger.info({ kid }, 'made a signing key')
  } catch (error) {
    if (!isNameTaken(error)) throw error
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const writeDurably = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

const syncFolder = async (directory: string): Promise<void> => {
  const folder = await open(directory, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const isNameTaken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EEXIST'

type LoadedKey = Readonly<{
  kid: string
  publicKey: CryptoKey
  privateKey: CryptoKey | undefined // a retired key may be kept without it
  publicJwk: JsonObject
}>

const readKey = async (directory: string, file: string): Promise<LoadedKey> => {
  const { crv, x, d } = parseKey(await readFile(join(directory, file), 'utf8'), file)
  const publicPart = { kty: 'OKP' as const, crv, x }
  const kid = await calculateJwkThumbprint(publicPart)
  return {
    kid,
    publicKey: await importJWK(publicPart, SIGNING_ALGORITHM),
    privateKey:
      d === undefined ? undefined : await importJWK({ ...publicPart, d }, SIGNING_ALGORITHM),
    publicJwk: { ...publicPart, kid, alg: SIGNING_ALGORITHM, use: 'sig' },
  }
}

/** The message names the file and never quotes it: a private key must not reach a log. */
const parseKey = (
  text: string,
  file: string,
): Readonly<{ crv: 'Ed25519'; x: string; d: string | undefined }> => {
  const jwk = parseObject(text)
  const { kty, crv, x, d } = jwk ?? {}
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') {
    throw new Error(`${file} in the folder of signing keys is not an Ed25519 JWK`)
  }
  return { crv, x, d: typeof d === 'string' ? d : undefined }
}

const parseObject = (text: string): Partial<Record<keyof JWK_OKP_Private, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
