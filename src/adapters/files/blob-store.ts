// Blobs as files: <directory>/<tenant>/<pet>/<name>. A file is written beside its place, flushed and then moved there,
// so that what has a name is whole.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobKey, BlobStore } from '../../core/blob-store.ts'
import { Fault } from '../../core/fault.ts'
import { isUuid, SHARED_TENANT } from '../../core/ids.ts'

const NAME = /^[0-9a-f]{64}\.(jpg|png|webp)$/
/** Photos of a tenant may be for its own people only: other users of the machine are not among them. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
}

export const createFileBlobStore = (options: Readonly<{ directory: string }>): BlobStore => ({
  put: (key, blob) =>
    guarded(async () => {
      const { folder, path } = placeOf(options.directory, key)
      if (await exists(path)) return
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
      await writeWhole(folder, path, blob.bytes)
    }),
  get: (key) =>
    guarded(async () => {
      const { path } = placeOf(options.directory, key)
      const bytes = await readFile(path).catch(absent)
      if (bytes === undefined) return undefined
      const contentType = CONTENT_TYPES[key.name.slice(65)] ?? 'application/octet-stream'
      return { bytes, contentType }
    }),
})

/** Every part of a key has a shape that cannot leave its folder: no dots, no separators. */
const placeOf = (directory: string, { tenantId, petId, name }: BlobKey) => {
  const isSafe =
    (tenantId === SHARED_TENANT || isUuid(tenantId)) && isUuid(petId) && NAME.test(name)
  if (!isSafe) throw new Error('not the key of a blob')
  const folder = join(directory, tenantId, petId.toLowerCase())
  return { folder, path: join(folder, name) }
}

const writeWhole = async (folder: string, path: string, bytes: Uint8Array): Promise<void> => {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    const file = await open(temporary, NEW_FILE, FILE_MODE)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await flushFolder(folder)
}

/** The new name is part of the folder: it is durable when the folder is. */
const flushFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(absent)) !== undefined

const isErrno = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error

const absent = (error: unknown): undefined => {
  if (isErrno(error) && error.code === 'ENOENT') return undefined
  throw error
}

const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (!isErrno(error)) throw error
    throw new Fault('blob_store_unavailable', 'the blob directory cannot be used', { cause: error })
  }
}
