// Placing an order: the pet is reserved in its own stream, where two buyers meet, and the order is
// placed with the price that the pet has there. Between the two a crash may come: under an
// Idempotency-Key the repeat finds the first one's order in the reservation; otherwise a policy
// gives the pet back after a while. Whoever gives it back abandons the order first, so that nobody
// can place it afterwards.
import type { Application, OrderResult } from '../application.ts'
import { REJECTIONS } from '../commands/rejections.ts'
import type { CommandContext } from '../core/command.ts'
import type { EventStore, Idempotency } from '../core/event-store.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { userDeleted } from '../events/user.ts'
import { onlyPresent } from './present.ts'
import type { RunOrder } from './run-order.ts'

type Options = Readonly<{
  run: RunOrder
  eventStore: EventStore
  pets: Pick<Application['pets'], 'reserve' | 'release'>
  ids: IdGenerator
}>

export const createPlaceOrder =
  (options: Options): Application['orders']['place'] =>
  async (given, { petId, userId }) => {
    const context = withoutVersion(given) // there is no order yet that anybody could have seen
    if (!(await mayBuy(options.eventStore, context, userId))) return unknownUser
    const reserved = await reservePet(options, context, petId)
    if (reserved.kind !== 'reserved') return reserved
    const { orderId, totalAmount, currency } = reserved
    const placed = onlyPresent(
      await options.run(context, orderId, {
        type: 'place',
        petId,
        userId,
        totalAmount,
        currency,
      }),
    )
    if (isForGood(placed, context)) await giveBack(options, context, { petId, orderId })
    return placed
  }

type Reserved = Readonly<{
  kind: 'reserved'
  orderId: string
  totalAmount: string
  currency: string
}>

/** Under a key the reservation of the first try is found again, whatever became of the pet since. */
const reservePet = async (
  { pets, ids }: Options,
  context: CommandContext,
  petId: string,
): Promise<Reserved | Exclude<OrderResult, Readonly<{ kind: 'done' }>>> => {
  const { idempotency, ...rest } = context
  const result = await pets.reserve(
    idempotency === undefined ? rest : { ...rest, idempotency: reservationKey(idempotency) },
    petId,
    { cause: { kind: 'order', id: ids() }, reason: null },
  )
  if (result.kind !== 'done') return result
  const { state } = result
  if (state.kind !== 'present' || state.reservedFor?.kind !== 'order') return { kind: 'key_reused' }
  const { price: totalAmount, currency } = state.profile
  return { kind: 'reserved', orderId: state.reservedFor.id, totalAmount, currency }
}

/** A request appends twice, and a key is good for one append. */
const reservationKey = ({ key, requestHash }: Idempotency): Idempotency => ({
  key: `order-reservation:${key}`,
  requestHash,
})

/**
 * True when the order will not be placed by this request nor by a repeat of it. A log that is
 * merely overloaded takes the repeat, which finds its reservation. What was thrown is not seen
 * here: the order may have been placed.
 */
const isForGood = (placed: OrderResult, { idempotency }: CommandContext): boolean =>
  placed.kind === 'overloaded' ? idempotency === undefined : placed.kind !== 'done'

/** Leaves the reservation alone unless the order is closed: it may have been placed by a repeat. */
const giveBack = async (
  { run, pets }: Options,
  { idempotency: _, ...context }: CommandContext,
  { petId, orderId }: Readonly<{ petId: string; orderId: string }>,
): Promise<void> => {
  const reason = 'the order was not placed'
  const abandoned = await run(context, orderId, { type: 'abandon', petId, reason })
  if (abandoned.kind !== 'done') return
  await pets.release(context, petId, { cause: { kind: 'order', id: orderId }, reason })
}

/**
 * Whoever buys for himself was known when he was given his token. Otherwise the log is asked, which
 * is never behind; a repeat is answered as it was the first time.
 */
const mayBuy = async (
  eventStore: EventStore,
  { tenantId, actor, idempotency }: CommandContext,
  userId: string,
): Promise<boolean> => {
  if (actor.kind === 'user' && actor.id === userId) return true
  if (await isUser(eventStore, tenantId, userId)) return true
  return (
    idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined
  )
}

const isUser = async (eventStore: EventStore, tenantId: TenantId, id: string): Promise<boolean> => {
  const stream = { tenantId, category: 'user', id }
  const { events } = await eventStore.readStream(stream, { direction: 'backwards', limit: 1 })
  const newest = events[0]
  return newest !== undefined && newest.type !== userDeleted.type
}

const unknownUser: OrderResult = {
  kind: 'rejected',
  rejection: {
    code: 'unknown_user',
    detail: REJECTIONS.unknown_user,
    field: 'userId',
  },
}

const withoutVersion = ({ expectedVersion: _, ...context }: CommandContext): CommandContext =>
  context
