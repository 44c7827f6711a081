// The folder of the server's unix socket. It is the whole of the access control (mode 0700), and its path is short
// because a socket's path has room for about a hundred bytes, which a data folder easily exceeds.
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

const MAX_SOCKET_PATH_BYTES = 103 // the smallest limit of the systems we run on
const SOCKET_NAME = '.s.PGSQL.5432'

/** `dataDir` must be its real path: one data folder has one socket folder. */
export const socketFolderOf = (dataDir: string): string => {
  const fingerprint = createHash('sha256').update(dataDir).digest('hex').slice(0, 10)
  const name = `pawtrail-${process.getuid?.() ?? 0}-${fingerprint}`
  const preferred = path.join(tmpdir(), name)
  const length = Buffer.byteLength(path.join(preferred, SOCKET_NAME))
  return length <= MAX_SOCKET_PATH_BYTES ? preferred : path.join('/tmp', name)
}

export const prepareSocketFolder = async (
  folder: string,
  ownerId: number | undefined,
): Promise<void> => {
  const uid = process.getuid?.()
  await makeFolder(folder)
  const before = await lstat(folder)
  // Root may have run the server as another user last time; what that left is made anew.
  if (uid === 0 && before.isDirectory() && ![0, ownerId].includes(before.uid)) {
    await rm(folder, { recursive: true })
    await makeFolder(folder)
  }
  const found = await lstat(folder)
  if (!found.isDirectory() || ![uid, ownerId].includes(found.uid)) {
    throw new Error(
      `${folder} is a link or belongs to somebody else: remove it, it is not safe to use`,
    )
  }
  await chmod(folder, 0o700)
  if (ownerId !== undefined && found.uid !== ownerId) await chown(folder, ownerId, ownerId)
}

const makeFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
}

export const socketUrl = (folder: string, user: string): string =>
  `postgres://${user}@/postgres?host=${encodeURIComponent(folder)}`
