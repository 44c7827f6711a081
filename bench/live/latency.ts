// From the commit to the client: pets are admitted one after the other at a steady pace, and every
// client says how old the event is by the time that the database gave it (in whole milliseconds, and
// before the commit: the figures are a little too high). The bare loop stamps its frame when it begins.
import { setTimeout as delay } from 'node:timers/promises'
import { startCrowd } from './crowd.ts'
import type { Dialect } from './dialects.ts'
import { eventIn, PLAIN_MARK } from './marks.ts'
import { portOf, settle, type Stage, type Token } from './stage.ts'
import { median, type Row } from '../lib/table.ts'

export type LatencyOptions = Readonly<{ clients: number; events: number; rounds: number }>

type Run = Readonly<{ p50: number; p99: number }>

const PACE_MS = 50
const CONNECTIONS_PER_CALLER = 50
const ADMITTED = 'pet.admitted'

export const measureLatency = async (stage: Stage, options: LatencyOptions): Promise<Row[]> => {
  const { clients, events, rounds } = options
  const tokens = await stage.tokens(Math.ceil(clients / CONNECTIONS_PER_CALLER))
  const event = await capture(stage, tokens)
  const peer = await stage.peer('ws')
  const publish = async (): Promise<void> => {
    await fetch(`${peer.url}/publish`, { method: 'POST', body: event })
  }
  const crowds = (['websocket', 'sse', 'mqtt'] as const).map((dialect) => ({
    what: NAMES[dialect],
    dialect,
    port: dialect === 'mqtt' ? stage.ports.mqtt : stage.ports.http,
    send: stage.admit,
  }))
  const bare = {
    what: 'bare ws loop',
    dialect: 'bare-websocket',
    port: portOf(peer),
    send: publish,
  }
  const contenders = [bare, ...crowds] as const

  const run = async (contender: (typeof contenders)[number], count: number): Promise<Run> => {
    const { dialect, port, send } = contender
    const crowd = await startCrowd()
    const order = { dialect: dialect as Dialect, port, count, tokens, types: ADMITTED }
    await crowd.order({ op: 'open', ...order })
    await settle()
    for (let n = 0; n < WARM_UP_EVENTS; n += 1) await Promise.all([send(), delay(PACE_MS)])
    await settle()
    await crowd.order({ op: 'measure-age' })
    for (let n = 0; n < events; n += 1) await Promise.all([send(), delay(PACE_MS)])
    await settle()
    const { ages = [] } = await crowd.order({ op: 'ages' })
    await crowd.stop()
    if (ages.length !== events * count) {
      throw new Error(`${contender.what}: ${ages.length} of ${events * count} events came`)
    }
    return { p50: quantile(ages, 0.5), p99: quantile(ages, 0.99) }
  }

  const rows: Row[] = []
  for (const count of [1, clients]) {
    const runs = new Map<string, Run[]>(contenders.map(({ what }) => [what, []]))
    for (let round = 0; round < rounds; round += 1) {
      for (const each of contenders) runs.get(each.what)?.push(await run(each, count))
    }
    const of = (what: string, key: keyof Run): number =>
      median((runs.get(what) ?? []).map((each) => each[key]))
    for (const { what } of contenders) {
      const value = `p50 ${of(what, 'p50').toFixed(1)} ms, p99 ${of(what, 'p99').toFixed(1)} ms`
      const ratio = of(what, 'p99') / of(bare.what, 'p99')
      const isTarget = what !== bare.what && count > 1
      rows.push({
        what: `${what}, ${count} ${count === 1 ? 'client' : 'clients'}`,
        value,
        ...(isTarget ? { ratio, target: '<= 5.0 (p99)' } : {}),
      })
    }
  }
  await peer.stop()
  return rows
}

/** One event as it is sent. */
const capture = async (stage: Stage, tokens: readonly Token[]): Promise<string> => {
  const crowd = await startCrowd()
  const order = { dialect: 'websocket', port: stage.ports.http, types: ADMITTED } as const
  await crowd.order({ op: 'open', ...order, count: 1, tokens })
  await settle()
  const marked = crowd.order({ op: 'await-mark', mark: PLAIN_MARK })
  await Promise.all([stage.admit(), marked])
  await crowd.stop()
  return eventIn((await marked).sample ?? '')
}

const WARM_UP_EVENTS = 20
const NAMES = { websocket: 'pawtrail, WebSocket', sse: 'pawtrail, SSE', mqtt: 'pawtrail, MQTT' }

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
