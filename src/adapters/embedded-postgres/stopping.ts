// Ends a server step by step: asked to finish, told to drop everything, killed. A killed one leaves nothing behind.
import { type ChildProcess, execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Logger } from '../../core/logger.ts'

/** `soon`: for who has no time to lose; the server recovers at its next start. */
export type StopManner = 'orderly' | 'soon'

type Times = Readonly<{ fastMs: number; immediateMs: number }>

const TIMES: Readonly<Record<StopManner, Times>> = {
  orderly: { fastMs: 15_000, immediateMs: 5_000 },
  soon: { fastMs: 1_000, immediateMs: 1_000 },
}
const KILLED_MS = 2_000

export const stopServer = async (
  child: ChildProcess,
  { exit, manner, logger }: Readonly<{ exit: Promise<string>; manner: StopManner; logger: Logger }>,
): Promise<void> => {
  const { fastMs, immediateMs } = TIMES[manner]
  // Fast shutdown: sessions are ended, their transactions rolled back, a checkpoint written.
  child.kill('SIGINT')
  if (await endsWithin(exit, fastMs)) return
  logger.warn(
    {},
    'the embedded PostgreSQL does not end; ending it at once, it will recover at the next start',
  )
  child.kill('SIGQUIT')
  if (await endsWithin(exit, immediateMs)) return
  await killWithChildren(child)
  if (await endsWithin(exit, KILLED_MS)) return
  logger.error({ pid: child.pid }, 'the embedded PostgreSQL cannot be killed')
}

// Each of its processes leads a group of its own, and one that does not run does not see that its parent has ended:
// they are looked up while the parent is there to tell.
const killWithChildren = async (child: ChildProcess): Promise<void> => {
  const children = child.pid === undefined ? [] : await childrenOf(child.pid)
  child.kill('SIGKILL')
  for (const pid of children) kill(pid)
}

const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() =>
    run('pgrep', ['-P', String(pid)]).then(
      ({ stdout }) => stdout,
      () => '',
    ),
  )
  return list.split(/\s+/).filter(Boolean).map(Number)
}

const run = promisify(execFile)

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended by itself
  }
}

const endsWithin = async (exit: Promise<string>, timeoutMs: number): Promise<boolean> => {
  const waiting = new AbortController()
  const ended = exit.then(() => true)
  const timedOut = delay(timeoutMs, false, { signal: waiting.signal }).catch(() => false)
  const result = await Promise.race([ended, timedOut])
  waiting.abort()
  return result
}
