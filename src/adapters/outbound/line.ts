// Connections to one address that are kept between calls. Their name is asked for and its addresses are checked anew
// twice a minute, and a connection that was made for an earlier answer is not used again.
import type {
  LineOptions,
  OutboundLine,
  OutboundOutcome,
  TimedOutcome,
  OutboundPost,
  OutboundTimes,
} from '../../core/outbound.ts'
import { type Call, createCalls } from './calls.ts'
import { type Connection, openConnection } from './connection.ts'
import { type Exchanged, exchange } from './exchange.ts'
import type { Refused } from './target.ts'
import type { FindWay, Way } from './way.ts'

const UNRESOLVED: Refused = { kind: 'refused', reason: 'unresolved' }
const CHECKED_FOR_MS = 30_000

export type LineParts = Readonly<{
  findWay: FindWay
  ca: readonly string[] | undefined
  keepsAlive: boolean
  onRefused: (reason: Refused['reason']) => void
}>

type Request = Omit<OutboundPost, 'url' | 'signal'>
type Known = Readonly<{ at: number; way: Promise<Way | Refused>; settled: Way | undefined }>
type Kept = Readonly<{ connection: Connection; way: Way }>

export const openLine = (
  { url, connections, signal: stop }: LineOptions,
  { findWay, ca, keepsAlive, onRefused }: LineParts,
): OutboundLine => {
  const calls = createCalls()
  const ways = createWays((signal) => findWay(url, signal))
  const kept = createKept({ ca, keepsAlive, most: connections, isStopped: calls.isStopped })
  const halt = (): void => {
    ways.stop()
    calls.stop()
  }
  if (stop?.aborted === true) halt()
  else stop?.addEventListener('abort', halt, { once: true })

  const callOver = async (request: Request, way: Way, call: Call): Promise<Called> => {
    for (let isLast = false; ; isLast = true) {
      const one = kept.take(way, request.deadlineMs)
      const { connection } = one
      call.connection = connection
      const before = connection.times.connectedAt
      const done = await exchange(request, { connection, path: way.path, whyEnded: call.whyEnded })
      kept.giveBack(one, done.isSpent)
      const isReused = before !== undefined && connection.times.connectedAt === before
      const { result } = done
      // The receiver may end a connection that it has kept, just when the next request is on its way.
      const isWorn = isReused && result.kind === 'failed' && result.reason === 'broken'
      if (isLast || !isWorn) return { done, times: isReused ? undefined : connection.times }
      await kept.clear()
      const reason = call.whyEnded()
      if (reason !== undefined) {
        return { done: { ...done, result: { kind: 'failed', reason } }, times: undefined }
      }
    }
  }
  const post = async (request: Request): Promise<TimedOutcome> => {
    const call = calls.begin(request.deadlineMs)
    try {
      const isAsking = !ways.isKnown()
      const way = ways.settled() ?? (await ways.of(call))
      const ended = call.whyEnded()
      if (ended !== undefined) return timed({ kind: 'failed', reason: ended }, call, {})
      if (way.kind === 'refused') {
        onRefused(way.reason)
        return timed(refusalOf(way), call, {})
      }
      const { done, times } = await callOver(request, way, call)
      const { result, firstByteAt } = done
      return timed(result, call, {
        dnsMs: isAsking ? way.dnsMs : undefined,
        connectMs: times?.connectMs,
        tlsMs: times?.tlsMs,
        firstByteAt,
      })
    } finally {
      calls.finish(call)
    }
  }
  return {
    post,
    close: async () => {
      stop?.removeEventListener('abort', halt)
      halt()
      await kept.clear()
    },
  }
}

const refusalOf = ({ reason }: Refused): OutboundOutcome =>
  reason === 'unresolved' ? { kind: 'failed', reason } : { kind: 'refused', reason }

type Ways = Readonly<{
  /** What was found and still counts, without waiting. */
  settled(): Way | undefined
  of(call: Call): Promise<Way | Refused>
  isKnown(): boolean
  stop(): void
}>

const createWays = (find: (signal: AbortSignal) => Promise<Way | Refused>): Ways => {
  const askings = new Set<AbortController>()
  let known: Known | undefined
  const isFresh = (): boolean =>
    known !== undefined && performance.now() - known.at < CHECKED_FOR_MS
  /** Asked for once for all who call at the same time; each of them waits no longer than its own call goes on. */
  const of = async (call: Call): Promise<Way | Refused> => {
    if (known === undefined || !isFresh()) {
      const asking = new AbortController()
      const asked = {
        at: performance.now(),
        way: find(asking.signal),
        settled: undefined as Way | undefined,
      }
      known = asked
      void asked.way
        .then((way) => {
          if (way.kind === 'way') asked.settled = way
          else if (known === asked) known = undefined
        })
        .catch(() => {})
      askings.add(asking)
      void asked.way.finally(() => askings.delete(asking)).catch(() => {})
    }
    if (known.settled !== undefined) return known.settled
    const { way } = known
    const ended = new Promise<Refused>((resolve) => call.onEnd(() => resolve(UNRESOLVED)))
    return Promise.race([way, ended])
  }
  return {
    settled: () => (isFresh() ? known?.settled : undefined),
    of,
    isKnown: () => known !== undefined,
    stop: () => {
      for (const asking of askings) asking.abort()
    },
  }
}

type KeptOptions = Readonly<{
  ca: readonly string[] | undefined
  keepsAlive: boolean
  most: number
  isStopped: () => boolean
}>

/** Connections that stand and are not used. */
const createKept = ({ ca, keepsAlive, most, isStopped }: KeptOptions) => {
  const idle: Kept[] = []
  const closing = new Set<Promise<void>>()
  const discard = ({ connection }: Kept): void => {
    const closed = connection.client.destroy().finally(() => closing.delete(closed))
    closing.add(closed)
  }
  const take = (way: Way, deadlineMs: number): Kept => {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (kept.way === way && !kept.connection.client.destroyed) return kept
      discard(kept)
    }
    const { origin, addresses } = way
    return { way, connection: openConnection({ origin, addresses, deadlineMs, ca, keepsAlive }) }
  }
  const giveBack = (kept: Kept, isSpent: boolean): void => {
    if (isSpent || isStopped() || !keepsAlive || idle.length >= most) discard(kept)
    else idle.push(kept)
  }
  const clear = async (): Promise<void> => {
    for (const each of idle.splice(0)) discard(each)
    await Promise.all(closing)
  }
  return { take, giveBack, clear }
}

type Called = Readonly<{ done: Exchanged; times: Connection['times'] | undefined }>

const round = (ms: number): number => Math.round(ms * 10) / 10

type Parts = Readonly<{
  dnsMs?: number | undefined
  connectMs?: number | undefined
  tlsMs?: number | undefined
  firstByteAt?: number | undefined
}>

/** Without what did not happen. */
const timed = (
  outcome: OutboundOutcome,
  { startedAt }: Call,
  { dnsMs, connectMs, tlsMs, firstByteAt }: Parts,
): TimedOutcome => {
  const times: { -readonly [Part in keyof OutboundTimes]: OutboundTimes[Part] } = {
    totalMs: round(performance.now() - startedAt),
  }
  if (dnsMs !== undefined) times.dnsMs = round(dnsMs)
  if (connectMs !== undefined) times.connectMs = round(connectMs)
  if (tlsMs !== undefined) times.tlsMs = round(tlsMs)
  if (firstByteAt !== undefined) times.firstByteMs = round(firstByteAt - startedAt)
  return { outcome, times }
}
