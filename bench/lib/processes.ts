// Servers under load run in processes of their own; each says on its standard output where it listens.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_DEADLINE_MS = 60_000

export type RunningServer = Readonly<{
  url: string
  /** Processor time that the process has used so far; undefined where the system does not tell (Linux does). */
  cpuMs(): number | undefined
  /** Memory that it holds; undefined as well. */
  rssBytes(): number | undefined
  signal(signal: NodeJS.Signals): void
  stop(): Promise<void>
}>

const launch = (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp,
): Promise<RunningServer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const timer = setTimeout(
      () => reject(new Error(`${args.join(' ')} did not start`)),
      START_DEADLINE_MS,
    )
    process.once('exit', () => child.kill('SIGTERM'))
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const url = ready.exec(text)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      child.stdout.removeAllListeners('data').resume()
      resolve({
        url,
        cpuMs: () => cpuMsOf(child.pid),
        rssBytes: () => rssBytesOf(child.pid),
        signal: (signal) => void child.kill(signal),
        stop: () => stop(child),
      })
    })
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)))
  })

const MS_PER_TICK = 10

const cpuMsOf = (pid: number | undefined): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  } catch {
    return undefined
  }
}

const BYTES_PER_KIB = 1024

const rssBytesOf = (pid: number | undefined): number | undefined => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * BYTES_PER_KIB
  } catch {
    return undefined
  }
}

const stop = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })

export type ProcessOptions = Readonly<{
  settings?: NodeJS.ProcessEnv
  nodeFlags?: readonly string[]
}>

/** What `npm start` gives to Node. */
export const startFlags = (): readonly string[] => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { scripts } = JSON.parse(text) as { scripts: { start: string } }
  return scripts.start.split(' ').filter((word) => word.startsWith('--'))
}

/** The product as it is run: the built process, by its settings. */
export const startPawtrail = async (
  databaseUrl: string,
  { settings = {}, nodeFlags = [] }: ProcessOptions = {},
): Promise<RunningServer & Readonly<{ dataDir: string }>> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawtrail-bench-data-'))
  const env = {
    DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    PORT: '0',
    MQTT_PORT: 'off',
    RATE_LIMIT_PER_MINUTE: '0',
    SEED_DEMO: 'false',
    LOG_LEVEL: 'error',
    ...settings,
  }
  const server = await launch(
    [...startFlags(), ...nodeFlags, 'dist/main.js'],
    env,
    /ready at (http:\S+)/,
  )
  const end = async (): Promise<void> => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { ...server, stop: end, dataDir }
}

/** A peer or ceiling: a small TypeScript file that prints `listening at <url>`. */
export const startPeer = (
  file: URL,
  env: NodeJS.ProcessEnv,
  nodeFlags: readonly string[] = [],
): Promise<RunningServer> =>
  launch([...nodeFlags, '--import', 'tsx', file.pathname], env, /listening at (http:\S+)/)
