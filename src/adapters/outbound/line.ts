// Connections to one address that are kept between calls. Their name is asked for and its addresses are checked anew
// twice a minute, and a connection that was made for an earlier answer is not used again.
import type {
  LineOptions,
  OutboundLine,
  OutboundOutcome,
  TimedOutcome,
  OutboundTimes,
} from '../../core/outbound.ts'
import { type Call, createCalls } from './calls.ts'
import type { Connection } from './connection.ts'
import { exchange, type Request, textOf } from './exchange.ts'
import { createKept } from './kept.ts'
import type { Refused } from './target.ts'
import type { FindWay, Way } from './way.ts'
import { createWays } from './ways.ts'

export type LineParts = Readonly<{
  findWay: FindWay
  ca: readonly string[] | undefined
  keepsAlive: boolean
  onRefused: (reason: Refused['reason']) => void
}>

/** `dnsMs`: when its name was asked for. */
type Called = Readonly<{
  request: Request
  text: string
  call: Call
  way: Way
  dnsMs?: number | undefined
  resolve: (outcome: TimedOutcome) => void
}>

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

  const over = (call: Call, outcome: OutboundOutcome, parts?: Parts): TimedOutcome => {
    calls.finish(call)
    return timed(outcome, call, parts)
  }
  const callOver = (called: Called, isAgain: boolean): void => {
    const { request, text, call, way, dnsMs, resolve } = called
    const one = kept.take(way, request.deadlineMs)
    const { connection, isUsed } = one
    call.connection = connection
    exchange(one.head + text, { connection, call, request }, ({ result, headAt, isSpent }) => {
      kept.giveBack(one, isSpent)
      // The receiver may end a connection that it has kept, just when the next request is on its way.
      if (isUsed && !isAgain && result.kind === 'failed' && result.reason === 'broken') {
        kept.clear()
        return callOver(called, true)
      }
      resolve(over(call, result, { dnsMs, made: isUsed ? undefined : connection.times, headAt }))
    })
  }
  const callLater = together<Called>((called) => {
    const { call, resolve } = called
    if (call.whyEnded === undefined) callOver(called, false)
    else resolve(over(call, { kind: 'failed', reason: call.whyEnded }))
  })
  const askAndCall = async (request: Request, text: string, call: Call): Promise<TimedOutcome> => {
    const isAsking = !ways.isKnown()
    const way = await ways.of(call).catch((cause: unknown) => {
      calls.finish(call)
      throw cause
    })
    const reason = call.whyEnded
    if (reason !== undefined) return over(call, { kind: 'failed', reason })
    if (way.kind === 'refused') {
      onRefused(way.reason)
      return over(call, refusalOf(way))
    }
    const dnsMs = isAsking ? way.dnsMs : undefined
    return new Promise((resolve) => callOver({ request, text, call, way, dnsMs, resolve }, false))
  }
  const post = (request: Request): Promise<TimedOutcome> => {
    const text = textOf(request)
    const call = calls.begin(request.deadlineMs)
    const way = call.whyEnded === undefined ? ways.settled() : undefined
    if (way === undefined) return askAndCall(request, text, call)
    return new Promise((resolve) => callLater({ request, text, call, way, resolve }))
  }
  return {
    post,
    close: async () => {
      stop?.removeEventListener('abort', halt)
      halt()
      kept.clear()
    },
  }
}

const refusalOf = ({ reason }: Refused): OutboundOutcome =>
  reason === 'unresolved' ? { kind: 'failed', reason } : { kind: 'refused', reason }

/** What is written one after another wakes a receiver once, and not each time: that costs both sides less. */
const together = <Item>(each: (item: Item) => void): ((item: Item) => void) => {
  let items: Item[] = []
  const run = (): void => {
    const all = items
    items = []
    for (const item of all) each(item)
  }
  return (item) => {
    items.push(item)
    if (items.length === 1) setImmediate(run)
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10

type Parts = Readonly<{
  dnsMs?: number | undefined
  made?: Connection['times'] | undefined // of a new connection
  headAt?: number | undefined
}>

/** Without what did not happen. */
const timed = (
  outcome: OutboundOutcome,
  { startedAt }: Call,
  { dnsMs, made, headAt }: Parts = {},
): TimedOutcome => {
  const times: { -readonly [Part in keyof OutboundTimes]: OutboundTimes[Part] } = {
    totalMs: round(performance.now() - startedAt),
  }
  if (dnsMs !== undefined) times.dnsMs = round(dnsMs)
  if (made?.connectMs !== undefined) times.connectMs = round(made.connectMs)
  if (made?.tlsMs !== undefined) times.tlsMs = round(made.tlsMs)
  if (headAt !== undefined) times.firstByteMs = round(headAt - startedAt)
  return { outcome, times }
}
