// The process: loads the configuration, starts, and stops on a signal. Everything else is composed elsewhere.
import type { RunningPawtrail } from './compose.ts'
import { createLogger } from './compose/logger.ts'
import { openServer } from './compose/server.ts'
import { BadSetting } from './config/bad-setting.ts'
import { type Config, loadConfig } from './config.ts'

const EXIT = { stopped: 0, failed: 1, badSettings: 78, interrupted: 130 } as const
// npm passes on the signal of a Ctrl-C that the terminal has already sent: that is not yet impatience.
const SECOND_SIGNAL_AFTER_MS = 1_000
const STOP_MARGIN_MS = 30_000 // over the grace of open requests: a net under the deadlines of the stopping itself

const say = (text: string): boolean => process.stderr.write(`${text}\n`)

const fail = (error: unknown): never => {
  if (error instanceof BadSetting) say(error.message)
  else say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exit(EXIT.failed)
}

const loaded = loadConfig()
if (loaded.kind === 'refused') {
  for (const problem of loaded.problems) say(problem)
  process.exit(EXIT.badSettings)
}
process.on('uncaughtException', fail)
// Who reads what is printed may leave, or have no room for it; the server stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

// PostgreSQL starts while the rest of the program is loaded, which takes about as long and leaves this thread no time
// to launch it.
const start = async (config: Config, signal: AbortSignal): Promise<RunningPawtrail> => {
  const logger = createLogger(config)
  let onLaunched = (): void => {}
  const launched = new Promise<void>((resolve) => (onLaunched = resolve))
  const opening = openServer(config, logger, { onLaunched, onUnexpectedExit, signal })
  await Promise.race([launched, opening])
  const { startPawtrail } = await import('./compose.ts')
  return startPawtrail(config, { server: await opening, logger, signal })
}

const onUnexpectedExit = (): void => {
  // Nothing works without it; whoever supervises this process starts it again, and the data recovers.
  throw new Error('the embedded PostgreSQL ended unexpectedly')
}

const givenUp = new AbortController() // a start that goes on when the time of a stop is over
const starting = start(loaded.config, givenUp.signal)
let isPatient = true
let stopping: Promise<never> | undefined
const onSignal = (): void => {
  if (stopping !== undefined && !isPatient) process.exit(EXIT.interrupted)
  if (stopping !== undefined) return
  const { shutdownGraceMs } = loaded.config
  setTimeout(() => (isPatient = false), SECOND_SIGNAL_AFTER_MS).unref()
  setTimeout(() => givenUp.abort('stopped before it had started'), shutdownGraceMs).unref()
  setTimeout(() => fail('stopping took too long'), shutdownGraceMs + STOP_MARGIN_MS).unref()
  stopping = starting
    .then((running) => running.stop())
    .then((isClean) => process.exit(isClean ? EXIT.stopped : EXIT.failed), fail)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)

process.stdout.write(`${(await starting.catch(fail)).banner}\n`)
