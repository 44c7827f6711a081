// What the bridge publishes and where to, and how patient it is.
import type { Application } from '../../../application.ts'
import type { Checkpoints } from '../../../core/checkpoints.ts'
import type { Clock } from '../../../core/clock.ts'
import type { CursorCodec } from '../../../core/cursor.ts'
import type { EventStore } from '../../../core/event-store.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { Logger } from '../../../core/logger.ts'
import type { Metrics } from '../../../core/metrics.ts'
import type { MqttBroker } from '../../../core/mqtt-broker.ts'
import type { EventCatalogue, Visibility } from '../../feed/types.ts'

/** Whose events leave the house, in which class, and below which topic. */
export type BridgeChoice = Readonly<{
  tenants: 'all' | readonly TenantId[]
  visibility: Visibility
  prefix: string // before every topic: empty, or with a slash at its end
}>

export type BridgeTiming = Readonly<{
  leaseMs: number // a silent owner is replaced after this
  standbyPollMs: number
  signOfLifeMs: number
  idleMs: number // between two looks for stock that the read model did not show yet
  stockWaitMs: number // for the read model, before it is looked at later
  firstRetryMs: number
  longestRetryMs: number
}>

export const BRIDGE_TIMING: BridgeTiming = {
  leaseMs: 10_000,
  standbyPollMs: 1_000,
  signOfLifeMs: 2_500,
  idleMs: 1_000,
  stockWaitMs: 500,
  firstRetryMs: 200,
  longestRetryMs: 10_000,
}

export type BridgeOptions = Readonly<{
  broker: MqttBroker
  choice: BridgeChoice
  application: Pick<Application, 'pets' | 'orders' | 'adoptions' | 'readModel'>
  eventStore: EventStore
  checkpoints: Checkpoints
  catalogue: EventCatalogue
  cursors: CursorCodec
  schemaBase: string
  owner: string // names this process
  clock: Clock
  logger: Logger
  metrics: Metrics
  timing?: Partial<BridgeTiming>
  pageSize?: number
}>
