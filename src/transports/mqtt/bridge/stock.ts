// The stock of species for the bridge. No event says it: the read model counts, a little later than the log. Until its
// new count was published, the checkpoint stays before the event that may have changed it.
import type { Position, StoredEvent } from '../../../core/event.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { Message } from '../messages.ts'
import { readStock } from '../retained.ts'
import type { BridgeOptions, BridgeTiming } from './options.ts'

export type BridgedStock = Readonly<{
  note: (event: StoredEvent) => void
  /** So many tenants wait that no more are taken on. */
  isFull: () => boolean
  /** What moved, of the tenants whose events the read model shows. */
  moved: () => AsyncGenerator<Message>
  /** Everything up to here was published, stock too. */
  safe: (seen: Position) => Position
}>

type Changed = { readonly first: Position; last: Position }

const PET = 'pet.'
const MAX_TENANTS = 10_000
const MAX_KNOWN = 100_000 // counts; beyond, some are published though they did not move

export const createBridgedStock = (
  options: Pick<BridgeOptions, 'application' | 'cursors'> & Readonly<{ timing: BridgeTiming }>,
): BridgedStock => {
  const { application, timing } = options
  const changed = new Map<TenantId, Changed>()
  const known = new Map<string, unknown>()
  let isLate = false

  /** One that is late is not waited for again before it has caught up. */
  const isShown = async (position: Position): Promise<boolean> => {
    const shown = await application.readModel.waitFor(position, isLate ? 0 : timing.stockWaitMs)
    isLate = !shown
    return shown
  }

  const hasMoved = ({ topic, payload }: Message): boolean => {
    const { available } = JSON.parse(payload.toString()) as { available: unknown }
    if (known.get(topic) === available) return false
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(topic, available)
    return true
  }

  return {
    note({ tenantId, type, position }) {
      if (!type.startsWith(PET)) return
      const before = changed.get(tenantId)
      if (before === undefined) changed.set(tenantId, { first: position, last: position })
      else before.last = position
    },
    isFull: () => changed.size >= MAX_TENANTS,
    async *moved() {
      for (const [tenantId, { last }] of changed) {
        if (!(await isShown(last))) return
        yield* (await readStock({ ...options, tenantId })).filter(hasMoved)
        changed.delete(tenantId)
      }
    },
    safe: (seen) =>
      [...changed.values()].reduce((least, { first }) => Math.min(least, first - 1), seen),
  }
}
