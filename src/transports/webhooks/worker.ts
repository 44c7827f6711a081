// Works one endpoint for a while: what is due of what failed, then what is new, then what is replayed. Holds the
// endpoint's lease meanwhile, and answers when to come back.
import type { Application } from '../../application.ts'
import { Fault } from '../../core/fault.ts'
import type { LeasedEndpoint } from '../../core/webhooks.ts'
import type { Work } from '../../core/work-queue.ts'
import { openLine } from './attempt.ts'
import { filterOf } from './message.ts'
import { sendNewEvents } from './new-events.ts'
import { sendReplays } from './replays.ts'
import { retryBlocked } from './retries.ts'
import { isGivenUp, isHeldBack } from './schedule.ts'
import { nothingUnsaved, type Session, streamKey, type Tools } from './session.ts'

export type WorkerOptions = Tools &
  Readonly<{
    owner: string
    application: Readonly<{ webhooks: Pick<Application['webhooks'], 'disable'> }>
  }>

export const createWorker =
  (options: WorkerOptions): Work =>
  async ({ tenantId, id }, signal) => {
    const { store, limits, clock, owner, logger } = options
    const leased = await store.acquire(tenantId, id, { owner, leaseMs: limits.leaseMs })
    if (leased === undefined) return undefined
    if (leased === 'busy') return clock() + limits.busyRetryMs
    const lost = new AbortController()
    const renewing = setInterval(() => {
      store.renew(leased, limits.leaseMs).catch(() => lost.abort())
    }, limits.renewMs)
    const session = await openSession(
      options,
      leased,
      AbortSignal.any([signal, lost.signal]),
    ).catch(async (cause: unknown) => {
      clearInterval(renewing)
      await store.release(leased, clock() + limits.overdueAfterMs).catch(() => {})
      throw cause
    })
    let dueAtMs: number | null = clock() + limits.busyRetryMs // unless the work says better
    try {
      dueAtMs = await workOn(options, session)
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'fenced')) {
        logger.error({ error, endpoint: id }, 'a webhook endpoint could not be worked')
      }
    } finally {
      clearInterval(renewing)
      await session.line.close()
      await store.release(leased, dueAtMs).catch(() => {}) // the lease ends by itself
    }
    if (session.disableBecause === undefined) return dueAtMs ?? undefined
    await disable(options, session, session.disableBecause)
    return undefined
  }

const openSession = async (
  tools: Tools,
  endpoint: LeasedEndpoint,
  signal: AbortSignal,
): Promise<Session> => ({
  endpoint,
  matches: filterOf(endpoint),
  line: openLine(tools, endpoint, {
    secrets: await tools.store.secrets(endpoint.tenantId, endpoint.id),
    signal,
  }),
  signal,
  blocked: new Map(endpoint.blocked.map((row) => [streamKey(row), row])),
  replays: endpoint.replays,
  position: endpoint.position,
  health: endpoint.health,
  stop: undefined,
  isCurrent: true,
  disableBecause: undefined,
  loggedAtMs: 0,
  unsaved: nothingUnsaved(),
})

/** When something is due next; null: nothing is, until something happens. */
const workOn = async (tools: WorkerOptions, session: Session): Promise<number | null> => {
  const { clock, limits } = tools
  const endsAtMs = clock() + limits.workMs
  for (;;) {
    if (session.signal.aborted || !session.isCurrent) return clock()
    if (isGivenUp(session.health, clock())) {
      session.disableBecause ??= 'nothing was delivered for five days'
    }
    if (session.disableBecause !== undefined) return null
    if (isHeldBack(session.health, clock())) return session.health.openUntilMs
    session.stop = undefined
    const didSomething =
      (await retryBlocked(tools, session)) ||
      (await sendNewEvents(tools, session)) ||
      (await sendReplays(tools, session))
    if (!didSomething) return nextDue(session)
    if (clock() >= endsAtMs) return clock()
  }
}

const nextDue = ({ blocked, replays }: Session): number | null => {
  const times = [...blocked.values(), ...replays].map(({ dueAtMs }) => dueAtMs)
  return times.length === 0 ? null : Math.min(...times)
}

const disable = async (
  { application, logger, metrics }: WorkerOptions,
  { endpoint }: Session,
  reason: string,
): Promise<void> => {
  const { tenantId, id } = endpoint
  const actor = { kind: 'system', id: 'webhooks' } as const
  const context = { tenantId, actor, correlationId: `webhook ${id}` }
  await application.webhooks.disable(context, id, { reason })
  metrics.count('pawtrail_webhooks_disabled_total')
  logger.warn({ endpoint: id, reason }, 'a webhook endpoint was disabled')
}
