// Every bound of the PostgreSQL event store, by name. The defaults fit one process of a shelter
// network's size.
export type EventStoreLimits = Readonly<{
  maxBatchCommands: number
  maxBatchBytes: number
  /** Waiting for a batch; beyond either bound an append answers `overloaded`. */
  maxQueuedCommands: number
  maxQueuedBytes: number
  retryAfterMs: number
  /** How long an append may wait to be sent. */
  queueDeadlineMs: number
  /** How long a sent batch may take; the server ends it. */
  batchDeadlineMs: number
  reconnectDelayMs: number
  maxReconnectDelayMs: number
  readConnections: number
  readDeadlineMs: number
  /** Positions that one filtered read without a tenant may pass over. */
  scanWindow: number
  /** Recent events kept in memory for all subscriptions together. */
  tailEvents: number
  tailBytes: number
  tailPageEvents: number
  tailPollMs: number
  /** How long a signal waits for the answer to a batch of our own. */
  ownSignalGraceMs: number
  maintenanceIntervalMs: number
  /** Older idempotency keys are forgotten; the database keeps them for 24 hours at least. */
  keyLifetimeHours: number
  forgetBatchKeys: number
  forgetBatches: number
}>

export const DEFAULT_LIMITS: EventStoreLimits = {
  maxBatchCommands: 256,
  maxBatchBytes: 262_144,
  maxQueuedCommands: 5_000,
  maxQueuedBytes: 33_554_432,
  retryAfterMs: 1_000,
  queueDeadlineMs: 5_000,
  batchDeadlineMs: 10_000,
  reconnectDelayMs: 50,
  maxReconnectDelayMs: 2_000,
  readConnections: 4,
  readDeadlineMs: 30_000,
  scanWindow: 65_536,
  tailEvents: 8_192,
  tailBytes: 16_777_216,
  tailPageEvents: 1_000,
  tailPollMs: 1_000,
  ownSignalGraceMs: 3,
  maintenanceIntervalMs: 600_000,
  keyLifetimeHours: 48,
  forgetBatchKeys: 1_000,
  forgetBatches: 100,
}
