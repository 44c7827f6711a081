// What an idle connection costs: the growth of the server's resident memory over 5,000 of them, after
// both had collected their garbage and had served connections before.
import { setTimeout as delay } from 'node:timers/promises'
import { tenantIdSchema, type TenantId } from '../../src/core/ids.ts'
import type { RunningServer } from '../lib/processes.ts'
import { median, type Row } from '../lib/table.ts'
import { startCrowd } from './crowd.ts'
import type { Dialect } from './dialects.ts'
import { portOf, settle, type Stage, type Token, TYPES } from './stage.ts'

export type MemoryOptions = Readonly<{ connections: number; rounds: number }>

type Contender = Readonly<{
  what: string
  dialect: Dialect
  server: RunningServer
  port: number
}>

const CONNECTIONS_PER_CALLER = 50 // as many as MQTT has
const TENANTS = 10 // a tenant has 2,000 MQTT connections at most
const COLLECT_MS = 1_500
const BYTES_PER_KIB = 1_024

const tenants: readonly TenantId[] = Array.from({ length: TENANTS }, (_, n) =>
  tenantIdSchema.parse(`0199f3a0-7c1e-7a01-8000-0000000000${String(n + 10)}`),
)

export const measureMemory = async (stage: Stage, options: MemoryOptions): Promise<Row[]> => {
  const tokens = await stage.tokens(options.connections / CONNECTIONS_PER_CALLER, tenants)
  const peer = await stage.peer('ws')
  const { server, ports } = stage
  const bare: Contender = {
    ...{ what: 'bare ws', dialect: 'bare-websocket', server: peer, port: portOf(peer) },
  }
  const ours: readonly Contender[] = [
    { what: 'pawtrail, WebSocket', dialect: 'websocket', server, port: ports.http },
    { what: 'pawtrail, SSE', dialect: 'sse', server, port: ports.http },
    { what: 'pawtrail, MQTT', dialect: 'mqtt', server, port: ports.mqtt },
  ]
  const costs = new Map<string, number[]>()
  const only = process.env['ONLY']
  const contenders = [bare, ...ours].filter(({ what }) => only === undefined || what.includes(only))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const each of contenders) {
      const bytes = await costOf(each, tokens, options.connections)
      costs.set(each.what, [...(costs.get(each.what) ?? []), bytes])
    }
  }
  await peer.stop()
  const of = ({ what }: Contender): number => median(costs.get(what) ?? []) / BYTES_PER_KIB
  return contenders.map((each) => ({
    what: `${each.what}, idle connection`,
    value: `${of(each).toFixed(1)} KiB`,
    ...(each === bare ? {} : { ratio: of(each) / of(bare), target: '<= 1.5' }),
  }))
}

/** The growth by one connection, with all of them open. */
const costOf = async (
  { dialect, server, port }: Contender,
  tokens: readonly Token[],
  count: number,
): Promise<number> => {
  const crowd = await startCrowd()
  const open = () => crowd.order({ op: 'open', dialect, port, count, tokens, types: TYPES })
  await open()
  await crowd.order({ op: 'close' })
  const before = await collected(server)
  await open()
  const after = await collected(server)
  await crowd.order({ op: 'close' })
  await crowd.stop()
  await collected(server)
  return (after - before) / count
}

const collected = async (server: RunningServer): Promise<number> => {
  await settle()
  server.signal('SIGUSR2')
  await delay(COLLECT_MS)
  return server.rssBytes() ?? Number.NaN
}
