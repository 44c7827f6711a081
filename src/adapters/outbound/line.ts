// Connections to one address that are kept between calls. Their name is asked for and its addresses are checked anew
// twice a minute, and a connection that was made for an earlier answer is not used again.
import type {
  LineOptions,
  OutboundFailure,
  OutboundLine,
  TimedOutcome,
  OutboundPost,
} from '../../core/outbound.ts'
import { type Connection, openConnection } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { type Exchanged, exchange } from './exchange.ts'
import type { Refused } from './target.ts'
import type { FindWay, Way } from './way.ts'

const CHECKED_FOR_MS = 30_000

export type LineParts = Readonly<{
  findWay: FindWay
  ca: readonly string[] | undefined
  keepsAlive: boolean
  onRefused: (reason: Refused['reason']) => void
}>

type Request = Omit<OutboundPost, 'url' | 'signal'>
type Kept = Readonly<{ connection: Connection; way: Way }>

export const openLine = (
  { url, connections, signal: stop }: LineOptions,
  { findWay, ca, keepsAlive, onRefused }: LineParts,
): OutboundLine => {
  const idle: Kept[] = []
  const underWay = new Set<Deadline>()
  const closing = new Set<Promise<void>>()
  let isStopped = stop?.aborted === true
  let known: Readonly<{ way: Promise<Way | Refused>; at: number }> | undefined

  const halt = (): void => {
    isStopped = true
    for (const deadline of underWay) deadline.abort()
  }
  stop?.addEventListener('abort', halt, { once: true })

  const wayFor = async (signal: AbortSignal): Promise<Way | Refused> => {
    const now = performance.now()
    if (known !== undefined && now - known.at < CHECKED_FOR_MS) return known.way
    const asked = { way: findWay(url, signal), at: now }
    known = asked
    const way = await asked.way
    if (way.kind === 'refused' && known === asked) known = undefined
    return way
  }
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
    if (isSpent || isStopped || !keepsAlive || idle.length >= connections) discard(kept)
    else idle.push(kept)
  }
  const callOver = async (
    request: Request,
    way: Way,
    signal: AbortSignal,
  ): Promise<Exchanged & Readonly<{ kept: Kept; isReused: boolean }>> => {
    const stopReason = (): OutboundFailure => (isStopped ? 'stopped' : 'deadline')
    for (let isLast = false; ; isLast = true) {
      const kept = take(way, request.deadlineMs)
      const { connection } = kept
      const before = connection.times.connectedAt
      const path = `${way.url.pathname}${way.url.search}`
      const done = await exchange(request, { connection, path, signal, stopReason })
      giveBack(kept, done.isSpent)
      const isReused = before !== undefined && connection.times.connectedAt === before
      const { result } = done
      // The receiver may end a connection that it has kept, just when the next request is on its way.
      const isWorn = isReused && result.kind === 'failed' && result.reason === 'broken'
      if (isLast || !isWorn) return { ...done, kept, isReused }
      for (const each of idle.splice(0)) discard(each)
    }
  }
  const post = async (request: Request): Promise<TimedOutcome> => {
    const startedAt = performance.now()
    const since = (at: number | undefined): number | undefined =>
      at === undefined ? undefined : round(at - startedAt)
    const deadline = startDeadline(request.deadlineMs)
    underWay.add(deadline)
    if (isStopped) deadline.abort()
    try {
      const isAsking = known === undefined
      const way = await wayFor(deadline.signal)
      if (way.kind === 'refused') {
        onRefused(way.reason)
        const times = { totalMs: round(performance.now() - startedAt) }
        const { reason } = way
        if (reason !== 'unresolved') return { kind: 'refused', reason, times }
        if (!deadline.signal.aborted) return { kind: 'failed', reason, times }
        return { kind: 'failed', reason: isStopped ? 'stopped' : 'deadline', times }
      }
      const called = await callOver(request, way, deadline.signal)
      const { connectMs, tlsMs } = called.isReused ? {} : called.kept.connection.times
      const firstByteMs = since(called.firstByteAt)
      const dnsMs = isAsking ? way.dnsMs : undefined
      const parts = { dnsMs, connectMs, tlsMs, firstByteMs }
      return {
        ...called.result,
        times: { ...present(parts), totalMs: since(performance.now()) ?? 0 },
      }
    } finally {
      deadline.clear()
      underWay.delete(deadline)
    }
  }
  return {
    post,
    close: async () => {
      stop?.removeEventListener('abort', halt)
      halt()
      for (const each of idle.splice(0)) discard(each)
      await Promise.all(closing)
    },
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10

type Parts = Readonly<Record<'dnsMs' | 'connectMs' | 'tlsMs' | 'firstByteMs', number | undefined>>

const present = (parts: Parts): Partial<Record<keyof Parts, number>> => {
  const told: Partial<Record<keyof Parts, number>> = {}
  for (const name of ['dnsMs', 'connectMs', 'tlsMs', 'firstByteMs'] as const) {
    const ms = parts[name]
    if (ms !== undefined) told[name] = round(ms)
  }
  return told
}
