// Webhook delivery: the log is the queue, an endpoint is a cursor in it, and the work queue only says
// when an endpoint is to be worked.
import type { Application } from '../../application.ts'
import { type Clock, toTimestamp } from '../../core/clock.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { EventStore } from '../../core/event-store.ts'
import type { IdGenerator, TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { OutboundLines } from '../../core/outbound.ts'
import type { Endpoint, TryResult, WebhookDeliveries, WebhookStore } from '../../core/webhooks.ts'
import type { WorkQueue } from '../../core/work-queue.ts'
import type { EventCatalogue } from '../feed/types.ts'
import { detailOf, openLine } from './attempt.ts'
import { WEBHOOK_LIMITS, type WebhookLimits } from './limits.ts'
import { createMessageMaker, type DocumentedData } from './message.ts'
import { findReplay } from './replay-request.ts'
import type { Tools } from './session.ts'
import { createKeyring, publicKeysOf } from './signing.ts'
import { testBody, TEST_TYPE } from './test-event.ts'
import { watchLog } from './watch.ts'
import { createWorker } from './worker.ts'

export type WebhookEngineOptions = Readonly<{
  application: Readonly<{ webhooks: Pick<Application['webhooks'], 'disable' | 'sync'> }>
  eventStore: EventStore
  webhookStore: WebhookStore
  workQueue: WorkQueue
  outbound: OutboundLines
  catalogue: EventCatalogue
  cursors: CursorCodec
  documented: DocumentedData
  clock: Clock
  ids: IdGenerator
  random: () => number
  logger: Logger
  metrics: Metrics
  schemaBase: string // before `/schemas/<type>/<version>`
  limits?: Partial<WebhookLimits>
}>

export type WebhookEngine = WebhookDeliveries &
  Readonly<{ start(): Promise<void>; stop(): Promise<void> }>

/**
 * Guaranteed: an endpoint gets every event after its position that its filter and class admit, at
 * least once, each stream in its order (in strict mode all of them in the log's); what a receiver
 * acknowledged is sent again only out of the last window before a crash. What is owed to a receiver
 * that is down costs no more than a row a stream that failed, of which there are few. An event that
 * was given up is kept as a dead letter, and its stream goes on.
 *
 * Not guaranteed: an order between streams in parallel mode, or between a replay and what is new.
 */
export const createWebhookEngine = (options: WebhookEngineOptions): WebhookEngine => {
  const { webhookStore: store, workQueue: queue, clock, ids, logger, catalogue } = options
  const limits: WebhookLimits = { ...WEBHOOK_LIMITS, ...options.limits }
  const messages = createMessageMaker(options)
  const tools: Tools = { ...options, store, messages, limits }
  const stopping = new AbortController()
  let watching: Promise<void> = Promise.resolve()
  let sweeping: NodeJS.Timeout | undefined
  const sweep = async (overdueAfterMs: number): Promise<void> => {
    try {
      const due = await store.overdue(clock() - overdueAfterMs, limits.sweepEndpoints)
      for (const item of due) await queue.wake(item)
    } catch (error) {
      logger.error({ error }, 'webhooks cannot look for what is overdue')
    }
  }
  return {
    start: async () => {
      await queue.start(createWorker({ ...tools, owner: ids(), application: options.application }))
      const watch = { ...tools, ...options, store, queue, limits, subjectOf: catalogue.subjectOf }
      watching = watchLog(watch, stopping.signal)
      await wakeAll(store, queue, limits)
      sweeping = setInterval(() => void sweep(limits.overdueAfterMs), limits.sweepMs).unref()
    },
    stop: async () => {
      clearInterval(sweeping)
      stopping.abort()
      await watching
      await queue.stop()
    },
    test: async (tenantId, id) => {
      const endpoint = await endpointOf(store, tenantId, id)
      return endpoint === undefined ? undefined : tryOnce({ ...tools, ids }, endpoint)
    },
    publicKeys: async (tenantId, id) => {
      const endpoint = await endpointOf(store, tenantId, id)
      if (endpoint?.asymmetric !== true) return undefined
      const keyring = createKeyring(endpoint, await store.secrets(tenantId, id))
      return publicKeysOf(keyring.at(toTimestamp(clock())))
    },
    replay: async (tenantId, id, request) => {
      const endpoint = await endpointOf(store, tenantId, id)
      if (endpoint === undefined) return undefined
      const found = await findReplay(tools, endpoint, request)
      if (typeof found === 'string') return { kind: found }
      const { range, counted } = found
      if (request.isDryRun) return counted
      const { types, subjects } = request
      const replay = { id: ids(), ...range, attempts: 0, dueAtMs: clock(), types, subjects }
      if (!(await store.addReplay(tenantId, id, replay))) return { kind: 'too_many' }
      await queue.wake({ tenantId, id })
      return { ...counted, kind: 'started', replayId: replay.id }
    },
  }
}

/** After a start it is not known whose events came while nobody watched. */
const wakeAll = async (
  store: WebhookStore,
  queue: WorkQueue,
  { sweepEndpoints }: WebhookLimits,
): Promise<void> => {
  let after: Pick<Endpoint, 'tenantId' | 'id'> | undefined
  for (;;) {
    const page = await store.active(after, sweepEndpoints)
    for (const item of page) await queue.wake(item)
    after = page.at(-1)
    if (after === undefined || page.length < sweepEndpoints) return
  }
}

const endpointOf = async (
  store: WebhookStore,
  tenantId: TenantId,
  id: string,
): Promise<Endpoint | undefined> =>
  (await store.endpoints(tenantId)).find((endpoint) => endpoint.id === id)

/** A made-up event, sent at once and once, whatever the endpoint's status is. */
const tryOnce = async (
  tools: Tools & Readonly<{ ids: IdGenerator }>,
  endpoint: Endpoint,
): Promise<TryResult> => {
  const { store, clock, ids } = tools
  const { tenantId, id } = endpoint
  const at = toTimestamp(clock())
  const uuid = ids()
  const line = openLine(tools, endpoint, { secrets: await store.secrets(tenantId, id) })
  const called = { id: `evt_${uuid}`, body: testBody(endpoint, { uuid, at }), attempt: 1 }
  const { verdict, log } = await line.call(called).finally(line.close)
  const isDelivered = verdict.kind === 'delivered'
  const detail = detailOf(verdict)
  const outcome = isDelivered ? 'delivered' : 'failed'
  tools.metrics.count('pawtrail_webhook_attempts_total', 1, { outcome })
  await store.logAttempt(tenantId, id, {
    ...log,
    ...{ eventId: called.id, type: TEST_TYPE, subject: `webhooks/${id}`, position: null },
    ...{ attempt: 1, outcome, detail, nextAttemptAt: null },
  })
  const { status, durationMs, times, answer } = log
  return { isDelivered, status, detail, durationMs, times, answer }
}
