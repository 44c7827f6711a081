// The program as a child process on a data folder of its own, with settings of its own: as people start it, or, under
// `npm test`, from the bundle of the tests, where the same modules load in a quarter of the time.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { copyPreparedCluster } from './prepared-cluster.ts'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const START_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 20_000
const POLL_MS = 50
const LIFETIME_MS = 120_000 // no program of a test lives longer

export type Program = Readonly<{
  child: ChildProcess
  output: () => string
  errors: () => string
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>
}>

export const dataFolder = async (t: Test): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-e2e-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** With a database that was made and never started, for tests of what comes after its first start. */
export const preparedFolder = async (t: Test): Promise<string> => {
  const folder = await dataFolder(t)
  await copyPreparedCluster(path.join(folder, 'postgres'))
  return folder
}

/** `args` begin with the program's name: `main` or `cli`. */
export type Run = (
  t: Test,
  args: readonly string[],
  settings?: Readonly<Record<string, string>>,
) => Program

/** By `infra/run.mjs`, which `npm start` and `npm run pawtrail` run: it builds the program when that is needed. */
export const runAsShipped: Run = (t, args, settings = {}) =>
  start(t, [path.join(ROOT, 'infra/run.mjs'), ...args], settings)

/** The same program, for tests of what it does once it runs. */
export const run: Run = (t, args, settings = {}) => {
  const bundle = process.env['PAWTRAIL_TEST_PROGRAMS']
  if (bundle === undefined) return runAsShipped(t, args, settings)
  const [name = '', ...rest] = args
  const command = ['--import', ON_A_SMALL_MACHINE, path.join(bundle, `${name}.js`), ...rest]
  return start(t, command, settings)
}

// The embedded PostgreSQL takes its share of the memory there is. What it keeps of many gigabytes is made at every
// start and given back at every stop.
const ON_A_SMALL_MACHINE = 'data:text/javascript,process.constrainedMemory=()=>536870912'

const start = (
  t: Test,
  command: readonly string[],
  settings: Readonly<Record<string, string>>,
): Program => {
  const child = spawn(process.execPath, command, {
    env: {
      PATH: process.env['PATH'],
      LOG_LEVEL: 'warn',
      PORT: '0',
      MQTT_PORT: 'off',
      SEED_DEMO: 'false',
      RATE_LIMIT_PER_MINUTE: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  // Asked first, so that it takes its socket folder with it.
  t.teardown(async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS)
    await ended.finally(() => clearTimeout(timer))
  })
  return { child, output: () => output, errors: () => errors, ended: withDeadline(ended, child) }
}

const withDeadline = async (
  ended: Promise<number | string>,
  child: ChildProcess,
): Promise<number | string> => {
  const timer = setTimeout(() => child.kill('SIGKILL'), LIFETIME_MS)
  return ended.finally(() => clearTimeout(timer))
}

/** Starts the server and waits until it says where it is. */
export const startServer = async (
  t: Test,
  settings: Readonly<Record<string, string>>,
  runProgram: Run = run,
): Promise<Program & Readonly<{ url: string }>> => {
  const program = runProgram(t, ['main'], settings)
  const find = (): string | undefined => /http:\/\/[\w.[\]:]+:\d+/.exec(program.output())?.[0]
  await waitFor(() => find() !== undefined || program.child.exitCode !== null)
  const url = find()
  if (url === undefined) throw new Error(`the server did not start: ${program.errors()}`)
  return { ...program, url }
}

export const waitFor = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = AbortSignal.timeout(START_DEADLINE_MS)
  while (!(await holds())) {
    if (deadline.aborted) throw new Error('waited for too long')
    await delay(POLL_MS)
  }
}

/** The PostgreSQL processes whose command line names this folder. */
export const serversOn = async (folder: string): Promise<readonly string[]> => {
  if (!existsSync('/proc')) return []
  const lines: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(folder) && line.includes('postgres')) lines.push(line.replaceAll('\0', ' '))
  }
  return lines
}

/** A process that has ended and was not collected yet has an empty command line. */
export const isRunning = async (pid: number): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) !== ''
}
