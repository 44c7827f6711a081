// Callbacks that were taken on and are not delivered yet. They are in this process's memory and nowhere else: a stop
// drains what it can in its time and drops the rest.
import { setMaxListeners } from 'node:events'
import type { Logger } from '../../../core/logger.ts'
import type { Metrics } from '../../../core/metrics.ts'
import type { Outbound } from '../../../core/outbound.ts'

export type Callback = Readonly<{ requestId: string; url: string; json: string }>

export type CallbackQueue = Readonly<{
  /** False when the queue is full or stopping. */
  offer(callback: Callback): boolean
  /** Ends within `drainMs`. What waits for another try is dropped at once. */
  stop(): Promise<void>
}>

/**
 * Of one process. A receiver that is slow holds a place of those at once in all its tries: there are more places than
 * one caller can keep full by the default rate limit.
 */
export const CALLBACK_LIMITS = {
  waiting: 1_000,
  atOnce: 32,
  retryDelaysMs: [1_000, 5_000] as readonly number[], // so three tries
  deadlineMs: 5_000,
  answerBytes: 1_024,
  drainMs: 1_000,
}

export type CallbackQueueOptions = Readonly<{
  outbound: Outbound
  random: () => number
  logger: Logger
  metrics: Metrics
  limits?: Partial<typeof CALLBACK_LIMITS>
}>

type Item = Readonly<{ callback: Callback; triesBefore: number }>

export const createCallbackQueue = (options: CallbackQueueOptions): CallbackQueue => {
  const { logger, metrics, random } = options
  const limits = { ...CALLBACK_LIMITS, ...options.limits }
  const ready: Item[] = []
  const resting = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()
  const stopping = new AbortController() // when the time to drain is over
  setMaxListeners(limits.atOnce + 1, stopping.signal) // each call listens to it
  let isOpen = true

  const end = (outcome: 'delivered' | 'given_up' | 'dropped', by = 1): void => {
    if (by > 0) metrics.count('pawtrail_callbacks_total', by, { outcome })
  }
  const attempt = async ({ callback, triesBefore }: Item): Promise<void> => {
    const result = await tryOnce(options.outbound, callback, { limits, signal: stopping.signal })
    logger.debug({ requestId: callback.requestId, result }, 'tried a callback')
    if (result === 'delivered') return end(result)
    const delayMs = limits.retryDelaysMs[triesBefore]
    if (result === 'refused' || delayMs === undefined) return end('given_up')
    if (!isOpen) return end('dropped')
    const timer = setTimeout(
      () => {
        resting.delete(timer)
        ready.push({ callback, triesBefore: triesBefore + 1 })
        pump()
      },
      spread(delayMs, random),
    ).unref()
    resting.add(timer)
  }
  const pump = (): void => {
    while (running.size < limits.atOnce) {
      const item = ready.shift()
      if (item === undefined) return
      const work = attempt(item)
        .catch((error: unknown) => logger.error({ error }, 'a callback was lost'))
        .finally(() => {
          running.delete(work)
          pump()
        })
      running.add(work)
    }
  }
  return {
    offer: (callback) => {
      if (!isOpen || ready.length + resting.size + running.size >= limits.waiting) return false
      ready.push({ callback, triesBefore: 0 })
      pump()
      return true
    },
    stop: async () => {
      isOpen = false
      for (const timer of resting) clearTimeout(timer)
      end('dropped', resting.size)
      resting.clear()
      const timer = setTimeout(() => {
        end('dropped', ready.splice(0).length)
        stopping.abort()
      }, limits.drainMs)
      while (running.size > 0) await Promise.all(running) // one that ends makes room for the next
      clearTimeout(timer)
    },
  }
}

type Try = Readonly<{ limits: typeof CALLBACK_LIMITS; signal: AbortSignal }>

/** Any status of the twos is good: the receiver has it. */
const tryOnce = async (
  outbound: Outbound,
  { url, json }: Callback,
  { limits, signal }: Try,
): Promise<'delivered' | 'refused' | 'failed'> => {
  const outcome = await outbound.post({
    url,
    headers: { 'content-type': 'application/json' },
    body: json,
    deadlineMs: limits.deadlineMs,
    maxAnswerBytes: limits.answerBytes,
    signal,
  })
  if (outcome.kind !== 'answered') return outcome.kind
  return outcome.status >= 200 && outcome.status < 300 ? 'delivered' : 'failed'
}

const SPREAD = 0.2

const spread = (delayMs: number, random: () => number): number =>
  delayMs * (1 - SPREAD + 2 * SPREAD * random())
