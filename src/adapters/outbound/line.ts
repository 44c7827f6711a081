// Connections to one address that are kept between calls. Their name is asked for and its addresses are checked anew
// twice a minute, and a connection that was made for an earlier answer is not used again.
import type {
  LineOptions,
  OutboundFailure,
  OutboundLine,
  OutboundOutcome,
  TimedOutcome,
  OutboundPost,
  OutboundTimes,
} from '../../core/outbound.ts'
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
  const underWay = new Set<Call>()
  let isStopped = stop?.aborted === true

  const halt = (): void => {
    isStopped = true
    ways.stop()
    for (const call of underWay) call.end()
  }
  stop?.addEventListener('abort', halt, { once: true })
  const ways = createWays((signal) => findWay(url, signal))
  const kept = createKept({ ca, keepsAlive, most: connections, isStopped: () => isStopped })

  const callOver = async (request: Request, way: Way, call: Call): Promise<Called> => {
    for (let isLast = false; ; isLast = true) {
      const one = kept.take(way, request.deadlineMs)
      const { connection } = one
      call.connection = connection
      const before = connection.times.connectedAt
      const path = `${way.url.pathname}${way.url.search}`
      const done = await exchange(request, { connection, path, whyEnded: call.whyEnded })
      kept.giveBack(one, done.isSpent)
      const isReused = before !== undefined && connection.times.connectedAt === before
      const { result } = done
      // The receiver may end a connection that it has kept, just when the next request is on its way.
      const isWorn = isReused && result.kind === 'failed' && result.reason === 'broken'
      if (isLast || !isWorn) return { ...done, times: isReused ? {} : connection.times }
      await kept.clear()
    }
  }
  const outcomeOf = async (request: Request, call: Call): Promise<Told> => {
    const isAsking = !ways.isKnown()
    const way = await ways.of(call)
    const ended = call.whyEnded()
    if (ended !== undefined) return { result: { kind: 'failed', reason: ended }, parts: {} }
    if (way.kind === 'way') {
      const { result, times, firstByteAt } = await callOver(request, way, call)
      const { connectMs, tlsMs } = times
      const firstByteMs = firstByteAt === undefined ? undefined : firstByteAt - call.startedAt
      const dnsMs = isAsking ? way.dnsMs : undefined
      return { result, parts: { dnsMs, connectMs, tlsMs, firstByteMs } }
    }
    onRefused(way.reason)
    return { result: refusalOf(way), parts: {} }
  }
  const post = async (request: Request): Promise<TimedOutcome> => {
    const call = beginCall(request.deadlineMs, () => isStopped)
    underWay.add(call)
    try {
      const { result, parts } = await outcomeOf(request, call)
      return { ...result, times: timesOf(parts, performance.now() - call.startedAt) }
    } finally {
      call.clear()
      underWay.delete(call)
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
  of(call: Call): Promise<Way | Refused>
  isKnown(): boolean
  stop(): void
}>

const createWays = (find: (signal: AbortSignal) => Promise<Way | Refused>): Ways => {
  const askings = new Set<AbortController>()
  let known: Known | undefined
  /** Asked for once for all who call at the same time; each of them waits no longer than its own call goes on. */
  const of = async (call: Call): Promise<Way | Refused> => {
    const now = performance.now()
    if (known === undefined || now - known.at >= CHECKED_FOR_MS) {
      const asking = new AbortController()
      const asked = {
        at: now,
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
    return Promise.race([way, call.ended.then(() => UNRESOLVED)])
  }
  return {
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
    const { origin } = way.url
    const { addresses } = way
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

type Called = Exchanged & Readonly<{ times: Partial<Connection['times']> }>
type Told = Readonly<{ result: OutboundOutcome; parts: Parts }>

/** Ends with its connection: a signal for each of them would cost more than the call. */
type Call = {
  readonly startedAt: number
  readonly whyEnded: () => OutboundFailure | undefined
  readonly ended: Promise<void>
  readonly end: () => void
  readonly clear: () => void
  connection: Connection | undefined
}

const beginCall = (deadlineMs: number, isStopped: () => boolean): Call => {
  let isOver = isStopped()
  let tellEnd = (): void => {}
  const end = (): void => {
    isOver = true
    tellEnd()
    call.connection?.client.destroy().catch(() => {})
  }
  const timer = setTimeout(end, deadlineMs)
  const call: Call = {
    startedAt: performance.now(),
    whyEnded: () => (isOver ? (isStopped() ? 'stopped' : 'deadline') : undefined),
    get ended() {
      return new Promise<void>((resolve) => {
        tellEnd = resolve
        if (isOver) resolve()
      })
    },
    end,
    clear: () => clearTimeout(timer),
    connection: undefined,
  }
  return call
}

const round = (ms: number): number => Math.round(ms * 10) / 10

type Part = 'dnsMs' | 'connectMs' | 'tlsMs' | 'firstByteMs'
type Parts = Readonly<Partial<Record<Part, number | undefined>>>
const PARTS: readonly Part[] = ['dnsMs', 'connectMs', 'tlsMs', 'firstByteMs']

const timesOf = (parts: Parts, totalMs: number): OutboundTimes => {
  const times: Partial<Record<Part, number>> = {}
  for (const part of PARTS) {
    const ms = parts[part]
    if (ms !== undefined) times[part] = round(ms)
  }
  return { ...times, totalMs: round(totalMs) }
}
