// A real PostgreSQL as a child of this process, reached over a unix socket only. It ends with us, also when we are
// killed; when a server already runs on the data folder, we use that one and leave it running.
import type { ChildProcess } from 'node:child_process'
import { mkdir, realpath, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../core/logger.ts'
import { findBinaries } from './binaries.ts'
import { ensureCluster, SUPERUSER } from './cluster.ts'
import { chooseLauncher, type Launcher } from './launcher.ts'
import { findRunningServer, holderOf, servedFolder } from './running-server.ts'
import { SERVER_SETTINGS } from './settings.ts'
import { prepareSocketFolder, socketFolderOf, socketUrl } from './socket-folder.ts'
import { type StopManner, stopServer } from './stopping.ts'

export type EmbeddedPostgresOptions = Readonly<{
  dataDir: string
  logger: Logger
  /** Gives the start up. */
  signal?: AbortSignal
  /** Over the usual ones of settings.ts. */
  settings?: Readonly<Record<string, string>>
  /** Called when its process is there: from then on it starts by itself. */
  onLaunched?: () => void
  /** Called when the server that we started ends without being asked to. */
  onUnexpectedExit?: () => void
}>

export type EmbeddedPostgres = Readonly<{
  url: string // of the superuser, over the unix socket
  attached: boolean // somebody else's server: `stop` leaves it alone
  stop(manner?: StopManner): Promise<void>
}>

const START_DEADLINE_MS = 120_000 // recovery after a crash reads the log of up to one checkpoint
const TAKEOVER_DEADLINE_MS = 30_000 // a server whose parent was killed may still be writing its last checkpoint
const RETRY_DELAY_MS = 100
const READY_POLL_MS = 20

export const startEmbeddedPostgres = async (
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> => {
  const binaries = await findBinaries()
  const dataDir = await realPathOf(options.dataDir)
  const launcher = await chooseLauncher([binaries.initdb, binaries.postgres])
  const takeover = AbortSignal.timeout(TAKEOVER_DEADLINE_MS)
  for (let isTold = false; ; isTold = true) {
    options.signal?.throwIfAborted()
    const running = await findRunningServer(dataDir, options.logger)
    if (running.kind === 'accepting') return attachTo(running.url, options.logger)
    let obstacle = running.kind === 'busy' ? `process ${running.pid} holds it` : ''
    if (running.kind === 'none') {
      await ensureCluster({ dataDir, binaries, launcher, logger: options.logger })
      const started = await launch({ ...options, dataDir, launcher, program: binaries.postgres })
      if (started.kind === 'ready') return started.server
      obstacle = started.reason
      if (!started.mayPass) throw new Error(`the embedded PostgreSQL did not start: ${obstacle}`)
    }
    if (takeover.aborted) throw new Error(`${dataDir} is in use: ${obstacle}`)
    if (!isTold) options.logger.info({ obstacle }, 'waiting for the data folder to become free')
    await delay(RETRY_DELAY_MS)
  }
}

const realPathOf = async (dataDir: string): Promise<string> => {
  const absolute = path.resolve(dataDir)
  await mkdir(path.dirname(absolute), { recursive: true })
  return realpath(absolute).catch(async () =>
    path.join(await realpath(path.dirname(absolute)), path.basename(absolute)),
  )
}

const attachTo = (url: string, logger: Logger): EmbeddedPostgres => {
  logger.info({}, 'using the embedded PostgreSQL that already runs on this data folder')
  return { url, attached: true, stop: () => Promise.resolve() }
}

type Launch = EmbeddedPostgresOptions & Readonly<{ launcher: Launcher; program: string }>
type Launched =
  | Readonly<{ kind: 'ready'; server: EmbeddedPostgres }>
  | Readonly<{ kind: 'failed'; reason: string; mayPass: boolean }>

const launch = async (options: Launch): Promise<Launched> => {
  const socketFolder = socketFolderOf(options.dataDir)
  await prepareSocketFolder(socketFolder, options.launcher.ownerId)
  const url = socketUrl(socketFolder, SUPERUSER)
  const child = options.launcher.spawn(options.program, [
    '-D',
    options.dataDir,
    ...argumentsOf({
      ...SERVER_SETTINGS,
      ...options.settings,
      unix_socket_directories: socketFolder,
    }),
  ])
  options.onLaunched?.()
  const lastWords = forwardOutput(child, options.logger)
  const exit = exitOf(child)
  const stop = once((manner) => stopServer(child, { exit, manner, logger: options.logger }))
  if (
    await becomesReady({
      url,
      dataDir: options.dataDir,
      pid: child.pid,
      exit,
      signal: options.signal,
    })
  ) {
    const server = {
      url,
      attached: false,
      stop: (manner?: StopManner) => stop(manner).then(() => removeFolder(socketFolder)),
    }
    watchExit(exit, stop, options)
    return { kind: 'ready', server }
  }
  await stop(options.signal?.aborted === true ? 'soon' : 'orderly')
  options.signal?.throwIfAborted()
  const reason = lastWords() || (await exit)
  return { kind: 'failed', reason, mayPass: /lock file|shared memory block/.test(reason) }
}

const argumentsOf = (settings: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])

const forwardOutput = (child: ChildProcess, logger: Logger): (() => string) => {
  let fatal = ''
  if (child.stderr === null) return () => fatal
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, level = '', message = line] = /^(LOG|WARNING|FATAL|PANIC):\s+(.*)$/.exec(line) ?? []
    if (level === 'FATAL' || level === 'PANIC' || level === '') fatal = message
    logger[level === 'PANIC' ? 'error' : level === 'WARNING' ? 'warn' : 'debug'](
      { source: 'postgres' },
      message,
    )
  })
  return () => fatal
}

/** Resolves with how the process ended; also when it could not be started at all. */
const exitOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(`it ended with ${String(signal ?? code)}`))
  })

const becomesReady = async (
  options: Readonly<{
    url: string
    dataDir: string
    pid: number | undefined
    exit: Promise<string>
    signal: AbortSignal | undefined
  }>,
): Promise<boolean> => {
  const deadline = AbortSignal.timeout(START_DEADLINE_MS)
  const ended = options.exit.then(() => 'ended' as const)
  while (!deadline.aborted && options.signal?.aborted !== true) {
    if ((await Promise.race([ended, delay(READY_POLL_MS, 'waited' as const)])) === 'ended')
      return false
    // Another process may have been faster and answer at the same address: ours must be the one that holds the folder.
    const isServed = (await servedFolder(options.url)) === options.dataDir
    if (isServed && (await holderOf(options.dataDir)) === options.pid) return true
  }
  return false
}

const watchExit = (exit: Promise<string>, stop: Stop, options: Launch): void => {
  void exit.then((how) => {
    if (stop.called()) return
    options.logger.error({ how }, 'the embedded PostgreSQL ended without being asked to')
    options.onUnexpectedExit?.()
  })
}

const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

type Stop = ((manner?: StopManner) => Promise<void>) & { called: () => boolean }

const once = (work: (manner: StopManner) => Promise<void>): Stop => {
  let result: Promise<void> | undefined
  const stop = (manner: StopManner = 'orderly'): Promise<void> => (result ??= work(manner))
  return Object.assign(stop, { called: () => result !== undefined })
}
