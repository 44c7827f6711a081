// The adoptions' commands and queries. Whether an application holds its pet is read from the pet's stream and put into
// the command: once it does, it does so until it has ended, so that a yes cannot be out of date.
import type { AdoptionResult, Application } from '../application.ts'
import type { CommandHandler } from '../commands/handle.ts'
import type { Clock } from '../core/clock.ts'
import type { EventStore } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { isEnded } from '../events/adoption-state.ts'
import type { AdoptionQueries } from '../projections/adoptions.ts'
import { onlyPresent } from './present.ts'
import {
  createRunAdoption,
  holderOf,
  readAdoption,
  readPet,
  type RunAdoption,
} from './run-adoption.ts'
import { createSubmitAdoption, type OpenAdoption } from './submit-adoption.ts'

type Adoptions = Application['adoptions']

export type AdoptionsOptions = Readonly<{
  handler: CommandHandler
  eventStore: EventStore
  pets: Pick<Application['pets'], 'reserve' | 'release'>
  adoptionQueries: AdoptionQueries
  /** Resolves once the read model has everything up to the position; throws a Fault when that takes too long. */
  waitForAdoptions: (position: Position) => Promise<void>
  hasWaitingList: (tenantId: TenantId) => boolean
  clock: Clock
  ids: IdGenerator
}>

export const createAdoptions = (options: AdoptionsOptions): Adoptions => {
  const { eventStore, adoptionQueries, waitForAdoptions } = options
  const run = createRunAdoption(options)
  const change = async (...order: Parameters<RunAdoption>): Promise<AdoptionResult> =>
    onlyPresent(await run(...order))
  const openFor = async (
    tenantId: TenantId,
    petId: string,
    asOf: Position,
  ): Promise<readonly OpenAdoption[]> => {
    await waitForAdoptions(asOf)
    return adoptionQueries.openFor(tenantId, petId)
  }
  return {
    submit: createSubmitAdoption({ ...options, run, openFor }),
    startReview: (context, id, { reason }) => change(context, id, { type: 'start_review', reason }),
    approve: async (context, id, { reason }) => {
      const holdsReservation = await holdsItsPet(eventStore, context.tenantId, id)
      return change(context, id, { type: 'approve', reason, holdsReservation })
    },
    reject: (context, id, { reason }) => change(context, id, { type: 'reject', reason }),
    withdraw: (context, id, { reason }) => change(context, id, { type: 'withdraw', reason }),
    complete: async (context, id, { date }) => {
      const holdsReservation = await holdsItsPet(eventStore, context.tenantId, id)
      return change(context, id, { type: 'complete', date, holdsReservation })
    },
    abandon: (context, id, { petId, reason }) =>
      run(context, id, { type: 'abandon', petId, reason }),
    ...createReads(options),
    nextInLine: async (tenantId, petId, { asOf, except }) => {
      for (const { adoptionId } of await openFor(tenantId, petId, asOf)) {
        // The read model may not know yet that one has ended since; the log does.
        if (adoptionId !== except && (await isOpen(eventStore, tenantId, adoptionId))) {
          return adoptionId
        }
      }
      return undefined
    },
    openFor: async (tenantId, petId, { asOf }) =>
      (await openFor(tenantId, petId, asOf)).map(({ adoptionId }) => adoptionId),
  }
}

const createReads = ({
  eventStore,
  adoptionQueries,
}: AdoptionsOptions): Pick<Adoptions, 'get' | 'list'> => ({
  get: async (tenantId, id) => {
    const { state, version } = await readAdoption(eventStore, tenantId, id)
    if (state.kind !== 'present') return undefined
    const holder = holderOf(await readPet(eventStore, tenantId, state.petId))
    return { ...state, id, version, holdsReservation: holder === id }
  },
  list: async (tenantId, query) => {
    const page = await adoptionQueries.list(tenantId, query)
    if (page === 'bad_cursor') return page
    const petIds = [...new Set(page.items.map(({ petId }) => petId))]
    const holders = await holdersOf(eventStore, tenantId, petIds)
    const items = page.items.map((item) => {
      return { ...item, holdsReservation: holders.get(item.petId) === item.id }
    })
    return { ...page, items }
  },
})

const isOpen = async (eventStore: EventStore, tenantId: TenantId, id: string): Promise<boolean> => {
  const { state } = await readAdoption(eventStore, tenantId, id)
  return state.kind === 'present' && !isEnded(state)
}

const holdsItsPet = async (
  eventStore: EventStore,
  tenantId: TenantId,
  id: string,
): Promise<boolean> => {
  const { state } = await readAdoption(eventStore, tenantId, id)
  if (state.kind !== 'present') return false
  return holderOf(await readPet(eventStore, tenantId, state.petId)) === id
}

/** Streams of pets that are read at once for a page. */
const PETS_AT_ONCE = 8

/** By pet, the application that it is reserved for. */
const holdersOf = async (
  eventStore: EventStore,
  tenantId: TenantId,
  petIds: readonly string[],
): Promise<ReadonlyMap<string, string | undefined>> => {
  const holders = new Map<string, string | undefined>()
  const left = [...petIds]
  const readOn = async (): Promise<void> => {
    for (let petId = left.pop(); petId !== undefined; petId = left.pop()) {
      holders.set(petId, holderOf(await readPet(eventStore, tenantId, petId)))
    }
  }
  await Promise.all(Array.from({ length: PETS_AT_ONCE }, readOn))
  return holders
}
