// Follows the log: brings the table of endpoints in line with their events, and wakes the endpoints that new events are
// for. A wake-up that is lost costs time only: what is owed is in the log.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Application } from '../../application.ts'
import type { EventStore, LogPage } from '../../core/event-store.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { WebhookStore } from '../../core/webhooks.ts'
import type { WorkQueue } from '../../core/work-queue.ts'
import { barredUserOf } from '../../events/registry.ts'
import type { WebhookLimits } from './limits.ts'
import { filterOf, type Matches } from './message.ts'

export type WatchOptions = Readonly<{
  eventStore: EventStore
  store: WebhookStore
  queue: WorkQueue
  application: Readonly<{ webhooks: Pick<Application['webhooks'], 'sync' | 'disable'> }>
  subjectOf: (event: StoredEvent) => string
  logger: Logger
  metrics: Metrics
  limits: WebhookLimits
}>

const CATEGORY = 'webhook'
const KEEPER_LEFT = 'the account of the person who said where this goes was deleted'
const RETRY_MS = 1_000
const SAVE_EVERY_EVENTS = 1_000 // so many are searched again after a crash, at most

/** Those that are not active have no `matches`: nothing wakes them, and their keeper may leave all the same. */
type Known = readonly Readonly<{
  id: string
  matches: Matches | undefined
  staffKeeper: string | null
}>[]

/** Resolves when the signal has ended it. */
export const watchLog = async (options: WatchOptions, signal: AbortSignal): Promise<void> => {
  const { eventStore, store, logger } = options
  const known = new Map<TenantId, Known>()
  while (!signal.aborted) {
    try {
      let after = await store.startSearch(await eventStore.head())
      let unsaved = 0
      for await (const page of eventStore.subscribe({ after, signal })) {
        await takePage(options, page, known)
        after = page.upTo
        unsaved += page.events.length
        const hasChanges = page.events.some(({ category }) => category === CATEGORY)
        if (!hasChanges && unsaved < SAVE_EVERY_EVENTS) continue
        await store.advanceSearch(after)
        unsaved = 0
      }
    } catch (error) {
      if (signal.aborted) return
      logger.error({ error }, 'webhooks cannot follow the log; trying again')
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

const takePage = async (
  options: WatchOptions,
  { events }: LogPage,
  known: Map<TenantId, Known>,
): Promise<void> => {
  const woken = new Map<string, Readonly<{ tenantId: TenantId; id: string }>>()
  for (const event of events) {
    const { tenantId, category, streamId } = event
    if (category === CATEGORY) {
      await options.application.webhooks.sync(tenantId, streamId)
      known.delete(tenantId)
      woken.set(streamId, { tenantId, id: streamId })
    }
    const endpoints = known.get(tenantId) ?? (await learn(options, tenantId, known))
    const leaver = barredUserOf(event)
    if (leaver !== undefined) {
      await disableKeptBy(options, { tenantId, leaver }, endpoints)
      known.delete(tenantId)
    }
    if (endpoints.length === 0) continue
    const subject = subjectOf(options, event)
    if (subject === undefined) continue
    for (const { id, matches } of endpoints) {
      if (matches?.(event.type, subject) === true) woken.set(id, { tenantId, id })
    }
  }
  for (const item of woken.values()) await options.queue.wake(item)
}

type Leaving = Readonly<{ tenantId: TenantId; leaver: string }>

/** What only staff may see goes where somebody of the staff answers for it. */
const disableKeptBy = async (
  { application, logger, metrics }: WatchOptions,
  { tenantId, leaver }: Leaving,
  endpoints: Known,
): Promise<void> => {
  for (const { id, staffKeeper } of endpoints) {
    if (staffKeeper !== leaver) continue
    const actor = { kind: 'system', id: 'webhooks' } as const
    const context = { tenantId, actor, correlationId: `webhook ${id}` }
    await application.webhooks.disable(context, id, { reason: KEEPER_LEFT })
    metrics.count('pawtrail_webhooks_disabled_total')
    logger.warn({ endpoint: id }, 'a webhook endpoint of the staff class was disabled')
  }
}

/** Undefined: of a kind that this build does not know, and so sends to nobody. */
const subjectOf = ({ subjectOf }: WatchOptions, event: StoredEvent): string | undefined => {
  try {
    return subjectOf(event)
  } catch {
    return undefined
  }
}

const learn = async (
  { store, limits }: WatchOptions,
  tenantId: TenantId,
  known: Map<TenantId, Known>,
): Promise<Known> => {
  if (known.size >= limits.cachedTenants) known.clear()
  const endpoints = (await store.endpoints(tenantId)).map((endpoint) => ({
    id: endpoint.id,
    matches: endpoint.isActive ? filterOf(endpoint) : undefined,
    staffKeeper: endpoint.visibility === 'staff' ? endpoint.keeper : null,
  }))
  known.set(tenantId, endpoints)
  return endpoints
}
