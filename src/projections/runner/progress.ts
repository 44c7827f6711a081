// How far the read models are, as this process knows: told by its own runners, by signals of other
// processes, and by a slow look at the checkpoints as a net. A revision that is not the next one
// shows that something was missed; then every tenant's generation moves.
import type { Position } from '../../core/event.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Notifications } from '../../core/notifications.ts'
import type { ReadModelProgress } from '../../core/read-model.ts'
import type { SqlDatabase, Statement } from '../../core/sql.ts'
import { READ_CHANNEL, type ReadModelMove } from './checkpoint.ts'
import { pause } from './wait.ts'

export type ProgressOptions = Readonly<{
  database: SqlDatabase
  subscriptions: readonly string[]
  notifications?: Notifications
  logger: Logger
  pollMs?: number
}>

export type Progress = ReadModelProgress &
  Readonly<{
    /** Called by this process's runners after each commit. */
    advance(move: ReadModelMove): void
    /** Reads the checkpoints once, then listens and polls until stopped. */
    start(): Promise<void>
    stop(): Promise<void>
  }>

const DEFAULT_POLL_MS = 1_000
const MAX_WAITERS = 10_000
const MAX_TENANT_GENERATIONS = 50_000

type Waiter = Readonly<{ position: Position; settle: (reached: boolean) => void }>
type Known = {
  position: Position
  revision: number // -1 before anything is known
  everyTenant: number
  tenants: Map<string, number>
  waiters: Set<Waiter>
}

export const createProgress = (options: ProgressOptions): Progress => {
  const stopping = new AbortController()
  const known = new Map<string, Known>(
    options.subscriptions.map((name) => [name, newlyKnown()] as const),
  )
  let polling: Promise<void> | undefined
  let unlisten: (() => Promise<void>) | undefined
  const advance = (move: ReadModelMove): void => {
    const state = known.get(move.subscription)
    if (state !== undefined) follow(state, move)
  }
  const look = (): Promise<void> => readCheckpoints(options, advance)
  return {
    advance,
    position: (projection) => known.get(projection)?.position ?? 0,
    generation: (projection, tenantId) => generationOf(known.get(projection), tenantId),
    waitFor: (projection, position, timeoutMs) =>
      waitFor(known.get(projection), { position, timeoutMs, signal: stopping.signal }),
    start: async () => {
      unlisten = await options.notifications?.listen(READ_CHANNEL, (payload) => {
        const move = parseMove(payload)
        if (move !== undefined) advance(move)
        else look().catch(() => {}) // a reconnect: signals may be missing; the poll is the net under this look
      })
      await look()
      polling = poll(options, look, stopping.signal)
    },
    stop: async () => {
      stopping.abort()
      for (const state of known.values()) for (const waiter of state.waiters) waiter.settle(false)
      await unlisten?.().catch(() => {})
      await polling
    },
  }
}

let lastGeneration = 0
const nextGeneration = (): number => (lastGeneration += 1)

const newlyKnown = (): Known => ({
  position: 0,
  revision: -1,
  everyTenant: nextGeneration(),
  tenants: new Map(),
  waiters: new Set(),
})

const generationOf = (state: Known | undefined, tenantId: TenantId): number =>
  state?.tenants.get(tenantId) ?? state?.everyTenant ?? 0

// Generations before the position, the position before those who wait for it.
const follow = (state: Known, move: ReadModelMove): void => {
  if (move.revision < state.revision) return
  if (move.revision > state.revision) {
    const isNext = move.revision === state.revision + 1 && state.revision >= 0
    moveGenerations(state, isNext ? move.tenants : null)
    state.revision = move.revision
  }
  if (move.position <= state.position) return
  state.position = move.position
  for (const waiter of state.waiters) if (waiter.position <= state.position) waiter.settle(true)
}

const moveGenerations = (state: Known, tenants: readonly string[] | null): void => {
  if (tenants === null || state.tenants.size + tenants.length > MAX_TENANT_GENERATIONS) {
    state.tenants.clear()
    state.everyTenant = nextGeneration()
    return
  }
  for (const tenant of tenants) state.tenants.set(tenant, nextGeneration())
}

const waitFor = (
  state: Known | undefined,
  wait: Readonly<{ position: Position; timeoutMs: number; signal: AbortSignal }>,
): Promise<boolean> => {
  if (state === undefined) return Promise.resolve(false)
  if (state.position >= wait.position) return Promise.resolve(true)
  if (wait.signal.aborted || state.waiters.size >= MAX_WAITERS) return Promise.resolve(false)
  return new Promise((resolve) => {
    const settle = (reached: boolean): void => {
      clearTimeout(timer)
      state.waiters.delete(waiter)
      resolve(reached)
    }
    const waiter: Waiter = { position: wait.position, settle }
    const timer = setTimeout(settle, wait.timeoutMs, false)
    state.waiters.add(waiter)
  })
}

type CheckpointRow = Readonly<{ subscription: string; position: Position; revision: number }>

// By primary key, a handful of rows.
const CHECKPOINTS: Statement = {
  name: 'checkpoints',
  text: `select subscription, position, revision from pawtrail.checkpoints
    where subscription = any($1::text[])`,
}

const readCheckpoints = async (
  options: ProgressOptions,
  advance: (move: ReadModelMove) => void,
): Promise<void> => {
  const rows = await options.database.query<CheckpointRow>(CHECKPOINTS, [options.subscriptions])
  for (const row of rows) advance({ ...row, tenants: null })
}

const poll = async (
  options: ProgressOptions,
  look: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    await pause(options.pollMs ?? DEFAULT_POLL_MS, signal)
    if (signal.aborted) return
    await look().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      options.logger.warn({ reason }, 'checkpoints could not be read; tried again')
    })
  }
}

/** Undefined for what is not one of our signals. */
const parseMove = (payload: string): ReadModelMove | undefined => {
  if (payload === '') return undefined
  try {
    const { projection, position, revision, tenants } = JSON.parse(payload) as {
      projection: string
      position: Position
      revision: number
      tenants: readonly string[] | null
    }
    return { subscription: projection, position, revision, tenants }
  } catch {
    return undefined
  }
}
