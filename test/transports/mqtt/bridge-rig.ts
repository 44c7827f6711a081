// A bridge over the memory log, as a test wants it, and what a broker got of it.
import type { Test } from 'tap'
import { createMqttBroker } from '../../../src/adapters/mqtt/broker.ts'
import { createMemoryCheckpoints } from '../../../src/adapters/memory/checkpoints.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import type { Checkpoints } from '../../../src/core/checkpoints.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import { startBridge, type Bridge } from '../../../src/transports/mqtt/bridge/bridge.ts'
import type { BridgeChoice, BridgeOptions } from '../../../src/transports/mqtt/bridge/options.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { catalogue, plainCursors } from '../feed/harness.ts'
import type { Taken } from './broker.ts'
import { applicationOf, type ReadModel, SHARED_TENANT, TENANT, write } from './harness.ts'

export const SHARED: BridgeChoice = { tenants: [SHARED_TENANT], visibility: 'public', prefix: '' }
export const STAFF: BridgeChoice = { tenants: [TENANT], visibility: 'staff', prefix: '' }
const QUICK = {
  ...{ standbyPollMs: 10, signOfLifeMs: 10, idleMs: 10, stockWaitMs: 10 },
  ...{ firstRetryMs: 5, longestRetryMs: 20 },
}

type Rig = Readonly<{
  store: EventStore
  checkpoints: Checkpoints
  readModel: ReadModel
  clock: ReturnType<typeof fixedClock>
  /** How far the read model is; undefined: wherever the log is. */
  shown: { upTo: number | undefined }
  bridge: (url: string, more?: Partial<BridgeOptions>) => Bridge
}>

export const rigOf = (t: Test): Rig => {
  const clock = fixedClock()
  const store = createMemoryEventStore({ clock })
  const checkpoints = createMemoryCheckpoints({ clock })
  const readModel: ReadModel = {
    ...{ pets: new Map(), orders: new Map(), adoptions: new Map() },
    available: 0,
  }
  const shown: Rig['shown'] = { upTo: undefined }
  const waitFor = async (at: number) => shown.upTo === undefined || shown.upTo >= at
  const readable = applicationOf(readModel, { head: () => 0 })
  const application = { ...readable, readModel: { ...readable.readModel, waitFor } }
  let started = 0
  const bridge: Rig['bridge'] = (url, more = {}) => {
    started += 1
    const made = startBridge({
      broker: createMqttBroker({ url, clientId: 'pawtrail-test' }),
      choice: STAFF,
      ...{ application, eventStore: store, checkpoints, catalogue, cursors: plainCursors() },
      ...{ schemaBase: 'https://pawtrail.test', owner: `process ${String(started)}`, clock },
      ...{ logger: silentLogger, metrics: noMetrics, timing: QUICK, pageSize: 10, ...more },
    })
    t.teardown(made.stop)
    return made
  }
  t.teardown(() => store.close())
  return { store, checkpoints, readModel, clock, shown, bridge }
}

export const writeMany = async (
  store: EventStore,
  count: number,
  from = 0,
): Promise<readonly string[]> => {
  const topics: string[] = []
  for (let n = from; n < from + count; n += 1) {
    const id = `p${String(n % 5)}`
    await write(store, { id, data: { changes: { description: String(n) } } })
    topics.push(`${id} ${String(n)}`)
  }
  return topics
}

/** Subject and number of each event, repeats left out. */
export const eventsIn = (taken: readonly Taken[]): readonly string[] => {
  const told = taken.flatMap(({ topic, text }) => {
    if (!topic.includes('/events/')) return []
    const { data } = JSON.parse(text) as { data: { changes?: { description: string } } }
    return [`${topic.split('/')[4] ?? ''} ${data.changes?.description ?? ''}`]
  })
  return [...new Set(told)]
}

export const has = (wanted: readonly string[]) => (taken: readonly Taken[]) =>
  wanted.length <= eventsIn(taken).length
