// Tells whether a server already runs on a data folder, from its postmaster.pid and from what a connection says.
import { readFile, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import type { Logger } from '../../core/logger.ts'
import { isAlive, SUPERUSER } from './cluster.ts'
import { socketUrl } from './socket-folder.ts'

export type RunningServer =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'accepting'; url: string }>
  | Readonly<{ kind: 'busy'; pid: number }> // starting, or on its way out

const PID_FILE = 'postmaster.pid'
const CONNECT_TIMEOUT_MS = 2_000
// Lines of postmaster.pid, as PostgreSQL documents them.
const PID_LINE = 0
const SOCKET_FOLDER_LINE = 4

export const findRunningServer = async (folder: string, logger: Logger): Promise<RunningServer> => {
  const dataDir = await realpath(folder).catch(() => folder)
  const file = path.join(dataDir, PID_FILE)
  const lines = await readPidFile(dataDir)
  const pid = Number(lines[PID_LINE])
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return { kind: 'none' }
  const socketFolder = lines[SOCKET_FOLDER_LINE] ?? ''
  if (await isAnotherProgram(pid)) {
    logger.warn({ pid }, 'removed the lock of a PostgreSQL that no longer runs')
    await rm(file, { force: true })
    await rm(path.join(socketFolder, '.s.PGSQL.5432.lock'), { force: true })
    return { kind: 'none' }
  }
  if (socketFolder === '') return { kind: 'busy', pid }
  const url = socketUrl(socketFolder, SUPERUSER)
  return (await servedFolder(url)) === dataDir ? { kind: 'accepting', url } : { kind: 'busy', pid }
}

/** The process that holds the data folder; NaN when none does. */
export const holderOf = async (dataDir: string): Promise<number> =>
  Number((await readPidFile(dataDir))[PID_LINE] || NaN)

const readPidFile = async (dataDir: string): Promise<readonly string[]> =>
  (await readFile(path.join(dataDir, PID_FILE), 'utf8').catch(() => '')).split('\n')

/** The data folder of the server at this address; undefined while it does not take connections. */
export const servedFolder = async (url: string): Promise<string | undefined> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: CONNECT_TIMEOUT_MS,
    application_name: 'pawtrail start',
  })
  client.on('error', () => {}) // a server that goes away in between: the query says so
  try {
    await client.connect()
    const result = await client.query<{ data_directory: string }>('show data_directory')
    return result.rows[0]?.data_directory
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}

// After a crash of the whole machine or container the recorded number may belong to an unrelated process, and the
// server would refuse to start for ever. Only where the system shows command lines can that be known for sure; an
// empty one is a process that has ended and was not yet collected.
const isAnotherProgram = async (pid: number): Promise<boolean> => {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const program = path.basename(commandLine.split('\0')[0] ?? '')
  return commandLine !== '' && !program.startsWith('postgres')
}
