// Ends what was opened, the last first. What does not end in time is left behind: a database that has gone silent
// keeps nobody waiting, and is stopped itself.
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../core/logger.ts'

export type Closing = () => Promise<void>

/** False: something of it did not end in time, or not without a fault. */
export const closeWithin = async (
  timeoutMs: number,
  opened: readonly Closing[],
  logger: Logger,
): Promise<boolean> => {
  const waiting = new AbortController()
  const late = delay(timeoutMs, 'late' as const, { signal: waiting.signal })
  try {
    const outcome = await Promise.race([closeEach(opened, logger), late])
    if (outcome === 'late') logger.warn({ timeoutMs }, 'not everything could be ended in time')
    return outcome === 'clean'
  } finally {
    waiting.abort()
    late.catch(() => {})
  }
}

const closeEach = async (
  opened: readonly Closing[],
  logger: Logger,
): Promise<'clean' | 'faulty'> => {
  let outcome: 'clean' | 'faulty' = 'clean'
  for (const close of opened.toReversed()) {
    await close().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      logger.warn({ reason }, 'something could not be ended')
      outcome = 'faulty'
    })
  }
  return outcome
}
