// Calls that were made to a webhook endpoint, the newest first. A cursor stands for the call that a page ended with:
// what comes later is before it in the list, so that who walks on neither misses nor repeats any.
import type { WebhookAttemptQuery } from '../application.ts'
import type { TenantId } from '../core/ids.ts'
import type { LoggedAttempt, WebhookStore } from '../core/webhooks.ts'
import { decodeListCursor, encodeListCursor, type ListResult } from '../projections/paging.ts'

type Store = Pick<WebhookStore, 'attempts' | 'countAttempts'>

export const webhookAttempts = async (
  store: Store,
  tenantId: TenantId,
  { webhookId, eventId, limit, place }: WebhookAttemptQuery,
): Promise<ListResult<LoggedAttempt>> => {
  const list = `webhooks/${webhookId}/deliveries` // a cursor of another endpoint's is none of this
  const before = attemptBefore(list, place)
  if (before === 'bad_cursor') return before
  const skip = 'page' in place ? (place.page - 1) * limit : 0
  const page = { before, skip, limit: limit + 1, eventId }
  const found = await store.attempts(tenantId, webhookId, page)
  const totalItems = await store.countAttempts(tenantId, webhookId, eventId)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  const isLast = found.length <= limit || last === undefined
  const nextCursor = isLast ? null : encodeListCursor(list, String(last.id))
  return { items, totalItems, nextCursor }
}

const attemptBefore = (
  list: string,
  place: WebhookAttemptQuery['place'],
): number | undefined | 'bad_cursor' => {
  if ('before' in place) return place.before
  if ('page' in place || place.after === null) return undefined
  const id = decodeListCursor(list, place.after)
  return id !== undefined && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 'bad_cursor'
}
