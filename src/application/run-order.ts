// One order: a command on it, and its state as the log has it.
import type { OrderResult } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import { orderAggregate, type OrderCommand } from '../commands/order.ts'
import { type Clock, toTimestamp } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { EventStore } from '../core/event-store.ts'
import type { TenantId } from '../core/ids.ts'
import { decodeEventOf } from '../events/codec.ts'
import { evolveOrder, noOrder, type OrderState } from '../events/order-state.ts'
import type { OrderEvent } from '../events/order.ts'

type WithoutTime<C> = C extends unknown ? Omit<C, 'occurredAt'> : never

export type RunOrder = (
  context: CommandContext,
  orderId: string,
  command: WithoutTime<OrderCommand>,
) => Promise<CommandResult<OrderState>>

export const createRunOrder = ({
  handler,
  clock,
}: Readonly<{ handler: CommandHandler; clock: Clock }>): RunOrder => {
  return async (context, id, command) => {
    const result = await handler.handle({
      aggregate: orderAggregate,
      id,
      context,
      command: { ...command, occurredAt: toTimestamp(clock()) },
    })
    // An order that was abandoned is there for whoever would place it, and for nobody else.
    const isUnknown = result.kind === 'rejected' && result.rejection.code === 'order_not_found'
    return isUnknown ? { kind: 'not_found' } : result
  }
}

export type OrderDone = Extract<OrderResult, Readonly<{ kind: 'done' }>>

/** As if a command had found that nothing had to be recorded. Undefined: it was never placed. */
export const readOrder = async (
  eventStore: EventStore,
  tenantId: TenantId,
  id: string,
): Promise<OrderDone | undefined> => {
  // Payments are limited, so that an order's stream is far shorter than one read.
  const { version, events } = await eventStore.readStream({ tenantId, category: 'order', id })
  const state = events
    .map((event) => decodeEventOf<OrderEvent>(event))
    .reduce<OrderState>(evolveOrder, noOrder)
  if (state.kind !== 'present') return undefined
  const position = events.at(-1)?.position ?? 0
  return { kind: 'done', id, state, version, position, replayed: false }
}
