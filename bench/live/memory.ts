// What an idle connection costs: the growth of the server's resident memory over 5,000 of them, after
// both had collected their garbage and had served connections before.
import { setTimeout as delay } from 'node:timers/promises'
import { tenantIdSchema, type TenantId } from '../../src/core/ids.ts'
import type { RunningServer } from '../lib/processes.ts'
import { median, type Row } from '../lib/table.ts'
import { startCrowd } from './crowd.ts'
import type { Dialect } from './dialects.ts'
import { makeStage, portOf, settle, type Stage, TYPES } from './stage.ts'

export type MemoryOptions = Readonly<{ connections: number; rounds: number }>

type Contender = Readonly<{ what: string; dialect: Dialect }>

const CONNECTIONS_PER_CALLER = 50 // as many as MQTT has
const TENANTS = 10 // a tenant has 2,000 MQTT connections at most
const WARM_UP_CONNECTIONS = 500
const COLLECT_MS = 1_500
const BYTES_PER_KIB = 1_024
// A young generation of one size, the same for all: it belongs to a process and not to a connection.
const SEMI_SPACE_MIB = 16
const FLAGS = ['min', 'max'].map((end) => `--${end}-semi-space-size=${SEMI_SPACE_MIB}`)

const tenants: readonly TenantId[] = Array.from({ length: TENANTS }, (_, n) =>
  tenantIdSchema.parse(`0199f3a0-7c1e-7a01-8000-0000000000${String(n + 10)}`),
)

const CONTENDERS: readonly Contender[] = [
  { what: 'bare ws', dialect: 'bare-websocket' },
  { what: 'pawtrail, WebSocket', dialect: 'websocket' },
  { what: 'pawtrail, SSE', dialect: 'sse' },
  { what: 'pawtrail, MQTT', dialect: 'mqtt' },
  { what: 'pawtrail, MQTT over WebSocket', dialect: 'mqtt-websocket' },
]

export const measureMemory = async (
  databaseUrl: string,
  { connections, rounds }: MemoryOptions,
): Promise<Row[]> => {
  const costs = CONTENDERS.map((): number[] => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [n, { dialect }] of CONTENDERS.entries()) {
      // A fresh process each time: memory that was given back by others would hide what is taken.
      const stage = await makeStage(databaseUrl, FLAGS)
      costs[n]?.push(await costOf(stage, dialect, connections))
      await stage.stop()
    }
  }
  const [bare = Number.NaN, ...ours] = costs.map((each) => median(each) / BYTES_PER_KIB)
  return [bare, ...ours].map((kib, n) => ({
    what: `${CONTENDERS[n]?.what ?? ''}, idle connection`,
    value: `${kib.toFixed(1)} KiB`,
    ...(n === 0 ? {} : { ratio: kib / bare, target: '<= 1.5' }),
  }))
}

/** The growth by one connection, with all of them open. */
const costOf = async (stage: Stage, dialect: Dialect, connections: number): Promise<number> => {
  const tokens = await stage.tokens(connections / CONNECTIONS_PER_CALLER, tenants)
  const server = dialect === 'bare-websocket' ? await stage.peer('ws') : stage.server
  const port = dialect === 'mqtt' ? stage.ports.mqtt : portOf(server)
  const crowd = await startCrowd()
  const open = (count: number) =>
    crowd.order({ op: 'open', dialect, port, count, tokens, types: TYPES })
  await open(WARM_UP_CONNECTIONS)
  await crowd.order({ op: 'close' })
  const before = await collected(server)
  await open(connections)
  const after = await collected(server)
  await crowd.stop()
  if (server !== stage.server) await server.stop()
  return (after - before) / connections
}

const collected = async (server: RunningServer): Promise<number> => {
  await settle()
  server.signal('SIGUSR2')
  await delay(COLLECT_MS)
  return server.rssBytes() ?? Number.NaN
}
