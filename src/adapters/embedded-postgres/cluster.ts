// The folder with the data: made whole or not at all, by filling a sibling and renaming it.
import type { ChildProcess } from 'node:child_process'
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { randomBytes } from 'node:crypto'
import type { Logger } from '../../core/logger.ts'
import type { Binaries } from './binaries.ts'
import type { Launcher } from './launcher.ts'

export type ClusterOptions = Readonly<{
  dataDir: string
  binaries: Binaries
  launcher: Launcher
  logger: Logger
}>

export const SUPERUSER = 'postgres'

const INITDB_TIMEOUT_MS = 120_000
const INITDB_ARGUMENTS = [
  `--username=${SUPERUSER}`,
  '--auth-local=trust', // who may connect is decided by the mode of the socket's folder
  '--auth-host=reject',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin', // the libraries that come along are old; the builtin locale needs none of them
  '--builtin-locale=C.UTF-8',
  '--no-instructions',
]

export const ensureCluster = async (options: ClusterOptions): Promise<void> => {
  const { dataDir, binaries, launcher } = options
  const version = await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8').catch(() => undefined)
  if (version === undefined) {
    await assertFree(dataDir)
    await createCluster(options)
  } else if (version.trim() !== binaries.majorVersion) {
    throw new Error(
      `the data in ${dataDir} is of PostgreSQL ${version.trim()} and this build carries ` +
        `PostgreSQL ${binaries.majorVersion}`,
    )
  }
  await launcher.claim(dataDir)
}

const assertFree = async (dataDir: string): Promise<void> => {
  const entries = await readdir(dataDir).catch(() => [])
  if (entries.length > 0) {
    throw new Error(
      `${dataDir} is neither empty nor a PostgreSQL data folder: name another DATA_DIR`,
    )
  }
}

const createCluster = async (options: ClusterOptions): Promise<void> => {
  const { dataDir, launcher, logger } = options
  await removeAbandoned(dataDir)
  const building = `${dataDir}.init-${process.pid}-${randomBytes(4).toString('hex')}`
  await mkdir(building, { recursive: true, mode: 0o700 })
  await chmod(building, 0o700)
  try {
    await launcher.claim(building)
    await runInitdb(options, building)
    await rename(building, dataDir)
    await syncFolder(path.dirname(dataDir))
    logger.info({ dataDir }, 'made a new embedded PostgreSQL')
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    if (!isTaken(error)) throw error // otherwise another process was faster, and its cluster is as good
  }
}

const runInitdb = async ({ binaries, launcher }: ClusterOptions, folder: string): Promise<void> => {
  const child = launcher.spawn(binaries.initdb, [...INITDB_ARGUMENTS, `--pgdata=${folder}`])
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-2_000)
  })
  const code = await exitOf(child)
  if (code !== 0) throw new Error(`initdb failed: ${output.trim() || `exit ${String(code)}`}`)
}

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), INITDB_TIMEOUT_MS)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve(code)
    })
  })

// Folders of an initdb whose process was killed.
const removeAbandoned = async (dataDir: string): Promise<void> => {
  const parent = path.dirname(dataDir)
  const prefix = `${path.basename(dataDir)}.init-`
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue
    const pid = Number(name.slice(prefix.length).split('-')[0])
    if (!isAlive(pid)) await rm(path.join(parent, name), { recursive: true, force: true })
  }
}

/** True also for a process of somebody else. */
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ENOTEMPTY' || error.code === 'EEXIST')
