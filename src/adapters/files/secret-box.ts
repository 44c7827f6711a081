// Secrets under AES-256-GCM. The key is given, or lies in a private file that the first who needs it makes; a sealed
// secret names its key, so that keys can be replaced: the first seals, all open.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { isSealed, type SecretBox } from '../../core/secret-box.ts'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const FILE = 'webhook-secrets.key'

export type SecretBoxOptions = Readonly<{
  directory: string // where the file is, when no keys are given
  keys?: readonly Buffer[] | undefined
}>

type Key = Readonly<{ id: string; bytes: Buffer }>

export const createSecretBox = ({ directory, keys }: SecretBoxOptions): SecretBox => {
  let loaded: Promise<readonly Key[]> | undefined
  const load = (): Promise<readonly Key[]> => {
    loaded ??= (keys === undefined ? keyInFile(directory) : Promise.resolve(keys)).then((all) =>
      all.map((bytes) => ({ id: idOf(bytes), bytes })),
    )
    loaded.catch(() => (loaded = undefined))
    return loaded
  }
  return {
    seal: async (secret, place) => {
      const [key] = await load()
      if (key === undefined) throw new Error('there is no key to seal secrets with')
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, key.bytes, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(place))
      const parts = [iv, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
      return `sealed.1.${key.id}.${Buffer.concat(parts).toString('base64url')}`
    },
    open: async (stored, place) => {
      if (!isSealed(stored)) return stored
      const [, , id = '', text = ''] = stored.split('.')
      const key = (await load()).find((each) => each.id === id)
      if (key === undefined) throw new Error(`a secret was sealed with the key ${id}, not had here`)
      const bytes = Buffer.from(text, 'base64url')
      const iv = bytes.subarray(0, IV_BYTES)
      const cipher = createDecipheriv(ALGORITHM, key.bytes, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(place))
      cipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const opened = cipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES))
      return Buffer.concat([opened, cipher.final()]).toString()
    },
  }
}

const idOf = (key: Buffer): string => createHash('sha256').update(key).digest('hex').slice(0, 12)

/** `link` fails when the name exists, so exactly one process's key gets the name, and whole. */
const keyInFile = async (directory: string): Promise<readonly Buffer[]> => {
  const file = path.join(directory, FILE)
  const found = await readKey(file)
  if (found !== undefined) return [found]
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const text = randomBytes(KEY_BYTES).toString('base64')
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true })
    await link(draft, file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft, { force: true })
  }
  const made = await readKey(file)
  if (made === undefined) throw new Error(`the key of secrets in ${FILE} could not be made`)
  return [made]
}

/** The message names the file and never quotes it. */
const readKey = async (file: string): Promise<Buffer | undefined> => {
  try {
    const key = Buffer.from(await readFile(file, 'utf8'), 'base64')
    if (key.length !== KEY_BYTES) throw new Error(`${FILE} does not hold a key of 32 bytes`)
    return key
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
