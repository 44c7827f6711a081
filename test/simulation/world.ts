// What outlives our processes - the log, the checkpoints, the payment provider - and how a process is made on it: the
// write side of the application and its policies, with a gate before every answer from outside.
import { createMemoryCheckpoints } from '../../src/adapters/memory/checkpoints.ts'
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import type { Application } from '../../src/application.ts'
import { createAdoptions } from '../../src/application/adoptions.ts'
import { createOrders } from '../../src/application/orders.ts'
import { createPetCommands } from '../../src/application/pets.ts'
import { type CommandHandler, createCommandHandler } from '../../src/commands/handle.ts'
import type { Checkpoints } from '../../src/core/checkpoints.ts'
import type { EventStore, LogPage } from '../../src/core/event-store.ts'
import { Fault } from '../../src/core/fault.ts'
import type { IdGenerator, TenantId } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import type { PaymentProvider } from '../../src/core/payments.ts'
import type { PolicyTiming } from '../../src/policies/options.ts'
import { type Policy, policySubscription } from '../../src/policies/policy.ts'
import { startPolicy } from '../../src/policies/runner.ts'
import { seededIds } from '../support/seeded-ids.ts'
import { createSimulatedProvider, type SimulatedProvider } from './provider.ts'
import { createFoldedQueries, type FoldedQueries } from './queries.ts'
import type { Proc, Scheduler } from './scheduler.ts'

export type WriteSide = Readonly<{
  pets: Pick<
    Application['pets'],
    | 'admit'
    | 'revise'
    | 'returnToCare'
    | 'recordOutcome'
    | 'reserve'
    | 'passOn'
    | 'release'
    | 'adopt'
    | 'remove'
    | 'current'
  >
  orders: Application['orders']
  adoptions: Application['adoptions']
}>

export type WorldOptions = Readonly<{
  scheduler: Scheduler
  policies: readonly Policy[]
  hasWaitingList: (tenantId: TenantId) => boolean
  faultProbability: number // of a call to the outside that goes wrong, until all is calm
  spoil: Spoiling
}>

/** What is wrapped to break a rule, and see it noticed. */
export type Spoiling = Readonly<{
  writeSide?: (application: WriteSide) => WriteSide
  handler?: (handler: CommandHandler) => CommandHandler
}>

export type World = WorldOptions &
  Readonly<{
    isFaulty: () => boolean
    store: EventStore
    provider: SimulatedProvider
    queries: FoldedQueries
    checkpoints: Checkpoints
    /** A policy begins again at the start of the log. */
    loseCheckpoint(policy: Policy): void
    ids: IdGenerator
  }>

export type Process = Readonly<{ proc: Proc; application: WriteSide }>

/** Long against the time of one step, short against the delay of the policies. */
export const SIMULATED_TIMING: PolicyTiming = {
  leaseMs: 90_000,
  standbyPollMs: 45_000,
  signOfLifeMs: 40_000,
  skipWriteMs: 60_000,
  reactionMs: 40_000,
  maxTries: 4,
  firstRetryMs: 500,
  longestRetryMs: 2_000,
  parkedRetryMs: 10_000,
  parkedAtOnce: 3,
}

/** Never comes in the time of a run: an answer that does not come is a process that is held up. */
const PROVIDER_DEADLINE_MS = 600_000

export const createWorld = (options: WorldOptions): World => {
  const { scheduler, faultProbability } = options
  const { clock, chance } = scheduler
  const isFaulty = (): boolean => !scheduler.isCalm() && chance.is(faultProbability)
  const store = createMemoryEventStore({ clock })
  const kept = new Map<string, Checkpoints>()
  const of = (subscription: string): Checkpoints => {
    const found = kept.get(subscription) ?? createMemoryCheckpoints({ clock })
    kept.set(subscription, found)
    return found
  }
  return {
    ...options,
    store,
    isFaulty,
    provider: createSimulatedProvider({ clock, isFaulty }),
    queries: createFoldedQueries(store, chance),
    checkpoints: {
      acquire: (request) => of(request.subscription).acquire(request),
      renew: (lease) => of(lease.subscription).renew(lease),
      advance: (lease, position) => of(lease.subscription).advance(lease, position),
      release: (lease) => of(lease.subscription).release(lease),
      parked: (subscription) => of(subscription).parked(subscription),
      park: (lease, stream) => of(lease.subscription).park(lease, stream),
      unpark: (lease, stream) => of(lease.subscription).unpark(lease, stream),
    },
    loseCheckpoint: (policy) => kept.delete(policySubscription(policy)),
    ids: seededIds(),
  }
}

const asItIs = <T>(made: T): T => made

export const startProcess = (world: World, name: string): Process => {
  const { scheduler, ids, policies, hasWaitingList, queries, spoil } = world
  const { clock } = scheduler
  const proc = scheduler.spawn(name)
  const eventStore = gatedStore(world, proc)
  const handler = (spoil.handler ?? asItIs)(createCommandHandler({ eventStore, ids }))
  const pets = createPetCommands({ handler, eventStore, clock, ids })
  const common = { handler, eventStore, pets, clock, ids }
  const application = (spoil.writeSide ?? asItIs)({
    pets,
    orders: createOrders({
      ...common,
      payments: gatedProvider(world, proc),
      orderQueries: queries.orders,
      providerDeadlineMs: PROVIDER_DEADLINE_MS,
    }),
    adoptions: createAdoptions({
      ...common,
      hasWaitingList,
      adoptionQueries: {
        list: queries.adoptions.list,
        openFor: (...of) => scheduler.pass(proc, () => queries.adoptions.openFor(...of)),
      },
      waitForAdoptions: (position) =>
        scheduler.pass(proc, () => queries.waitForAdoptions(position)),
    }),
  })
  for (const policy of policies) {
    startPolicy({
      policy,
      application,
      eventStore,
      checkpoints: gatedCheckpoints(world, proc),
      owner: name,
      clock,
      logger: silentLogger,
      metrics: noMetrics,
      timing: SIMULATED_TIMING,
      pageSize: scheduler.chance.between(1, 5),
      wait: scheduler.waitOf(proc),
    })
  }
  return { proc, application }
}

/** Now and then an append is refused, or is stored and the answer is lost. */
const gatedStore = (world: World, proc: Proc): EventStore => {
  const { store, scheduler, isFaulty } = world
  const { chance } = scheduler
  const pass = <T>(work: () => Promise<T>): Promise<T> => scheduler.pass(proc, work)
  return {
    ...store,
    append: (request) =>
      pass(async () => {
        if (!isFaulty()) return store.append(request)
        const kind = chance.below(4)
        if (kind === 0) return { kind: 'overloaded', retryAfterMs: 1_000 }
        if (kind === 1) throw new Fault('event_store_unavailable', 'no connection')
        if (kind === 2) await store.append(request)
        throw new Fault('append_outcome_unknown', 'the connection broke')
      }),
    findByKey: (...of) => pass(() => store.findByKey(...of)),
    readStream: (...of) => pass(() => store.readStream(...of)),
    head: () => pass(() => store.head()),
    subscribe: (subscription) => ({
      [Symbol.asyncIterator]: () => {
        const pages = store.subscribe(subscription)[Symbol.asyncIterator]()
        return {
          next: () => pass((): Promise<IteratorResult<LogPage>> => pages.next()),
          return: () => pages.return?.() ?? Promise.resolve({ done: true, value: undefined }),
        }
      },
    }),
  }
}

const gatedCheckpoints = (world: World, proc: Proc): Checkpoints => {
  const { checkpoints, scheduler } = world
  const pass = <T>(work: () => Promise<T>): Promise<T> => scheduler.pass(proc, work)
  return {
    acquire: (request) => pass(() => checkpoints.acquire(request)),
    renew: (lease) => pass(() => checkpoints.renew(lease)),
    advance: (lease, position) => pass(() => checkpoints.advance(lease, position)),
    release: (lease) => pass(() => checkpoints.release(lease)),
    parked: (subscription) => pass(() => checkpoints.parked(subscription)),
    park: (lease, stream) => pass(() => checkpoints.park(lease, stream)),
    unpark: (lease, stream) => pass(() => checkpoints.unpark(lease, stream)),
  }
}

const gatedProvider = ({ provider, scheduler }: World, proc: Proc): PaymentProvider => ({
  name: provider.name,
  charge: (charge) => scheduler.pass(proc, () => provider.charge(charge)),
  find: (...of) => scheduler.pass(proc, () => provider.find(...of)),
  close: (...of) => scheduler.pass(proc, () => provider.close(...of)),
  refund: (...of) => scheduler.pass(proc, () => provider.refund(...of)),
})
