// The delivery engine over a real database and log, with real receivers on this machine and a clock
// that is moved by hand.
import type { Test } from 'tap'
import { createSecretBox } from '../../../src/adapters/files/secret-box.ts'
import { createMemoryWorkQueue } from '../../../src/adapters/memory/work-queue.ts'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { createPostgresEventStore } from '../../../src/adapters/postgres/event-store/event-store.ts'
import { createWebhookStore } from '../../../src/adapters/postgres/webhook-store/store.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { createWebhooks } from '../../../src/application/webhooks.ts'
import { createCommandHandler } from '../../../src/commands/handle.ts'
import type { CommandContext } from '../../../src/core/command.ts'
import type { EventStore } from '../../../src/core/event-store.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import type { OutboundLines } from '../../../src/core/outbound.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import type { WebhookStore } from '../../../src/core/webhooks.ts'
import type { WebhookConfig } from '../../../src/events/webhook.ts'
import { createWebhookEngine, type WebhookEngine } from '../../../src/transports/webhooks/engine.ts'
import type { WebhookLimits } from '../../../src/transports/webhooks/limits.ts'
import { testDatabase } from '../../support/database.ts'
import { type FixedClock, fixedClock } from '../../support/fixed-clock.ts'
import { catalogue, plainCursors, TENANT, write } from '../feed/harness.ts'

const secretBox = createSecretBox({ directory: '', keys: [Buffer.alloc(32, 7)] })

export { TENANT }

export type EngineHandle = Readonly<{
  engine: WebhookEngine
  /** Looks at the clock, and resolves when nothing is worked or due. */
  settled(): Promise<void>
  stop(): Promise<void>
}>

export type WebhookRig = Readonly<{
  url: string
  database: SqlDatabase
  eventStore: EventStore
  store: WebhookStore
  webhooks: ReturnType<typeof createWebhooks>
  clock: FixedClock
  context: CommandContext
  register(config: Partial<WebhookConfig> & { url: string }, after?: number): Promise<Registered>
  pet(id: string, type?: string): Promise<number>
  start(options?: Partial<WebhookLimits>, parts?: Parts): Promise<EngineHandle>
}>
export type Registered = Readonly<{ id: string; secret: string }>
export type Parts = Readonly<{
  store?: WebhookStore
  outbound?: OutboundLines
  metrics?: Metrics
}>

export const webhookRig = async (t: Test): Promise<WebhookRig> => {
  const { url, database } = await testDatabase(t)
  const clock = fixedClock()
  const logger = silentLogger
  const real = { logger, metrics: noMetrics, clock: () => Date.now() }
  const eventStore = await createPostgresEventStore({ url, ...real })
  t.teardown(() => eventStore.close())
  const store = createWebhookStore({ database, secretBox })
  const ids = uuidV7(clock)
  const handler = createCommandHandler({ eventStore, ids })
  const webhooks = createWebhooks({
    handler,
    eventStore,
    webhookStore: store,
    clock,
    ids,
    randomToken,
  })
  const context: CommandContext = {
    tenantId: TENANT,
    actor: { kind: 'client', id: 'test' },
    correlationId: 'c1',
  }
  return {
    ...{ url, database, eventStore, store, webhooks, clock, context },
    register: async (config, after = 0) => {
      const result = await webhooks.register(context, {
        config: {
          ...{ events: ['*'], description: null, format: 'cloudevents', mode: 'parallel' },
          ...{ visibility: 'public', subjects: null, maxInFlight: 8, asymmetric: false },
          ...config,
        },
        after,
      })
      if (result.kind !== 'done' || result.secret === undefined) throw new Error('not registered')
      return { id: result.id, secret: result.secret }
    },
    pet: (id, type = 'pet.updated') => write(eventStore, { id, type }),
    start: async (limits = {}, parts = {}) => {
      const queue = createMemoryWorkQueue({ clock, logger })
      const engine = createWebhookEngine({
        ...{ application: { webhooks }, eventStore, webhookStore: store, workQueue: queue },
        outbound: parts.outbound ?? createOutbound({ allowInsecure: true, logger }),
        ...{ catalogue, cursors: plainCursors(), documented: async () => undefined },
        ...{ clock, ids, random: () => 0.5, logger, metrics: parts.metrics ?? noMetrics },
        schemaBase: 'https://schemas.test',
        limits,
        ...(parts.store === undefined ? {} : { webhookStore: parts.store }),
      })
      await engine.start()
      let isStopped = false
      const stop = async (): Promise<void> => {
        if (isStopped) return
        isStopped = true
        await engine.stop()
      }
      t.teardown(stop)
      return {
        engine,
        stop,
        settled: async () => {
          queue.poke()
          await until(() => queue.isIdle(), 'the queue is idle')
        },
      }
    },
  }
}

const WAIT_DEADLINE_MS = 90_000

/** Resolves when the condition holds. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> => {
  const deadline = performance.now() + WAIT_DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const idsOf = (received: readonly Readonly<{ body: string }>[]): readonly number[] =>
  received.map(({ body }) => Number((JSON.parse(body) as { sequence: string }).sequence))
