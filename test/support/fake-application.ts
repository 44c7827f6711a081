// An Application in memory, for tests of what transports make of it: real versions, positions, idempotency keys and
// generations, a read model that follows at once or when it is told to, and only as many rules as the tests need.
import type {
  Application,
  PetFilter,
  PetQuery,
  PetResult,
  ShelterView,
} from '../../src/application.ts'
import type { CommandContext, CommandResult } from '../../src/core/command.ts'
import { SHARED_TENANT, type TenantId } from '../../src/core/ids.ts'
import type { PetState, PresentPet } from '../../src/events/pet-state.ts'
import type { PetProfile } from '../../src/events/pet.ts'
import type { ShelterProfile } from '../../src/events/shelter.ts'
import { TEST_TIME } from './fixed-clock.ts'
import { seededIds } from './seeded-ids.ts'

type PetRow = Readonly<{
  id: string
  tenantId: TenantId
  pet: PresentPet
  version: number
  isRemoved: boolean
}>
type ShelterRow = Readonly<{
  id: string
  tenantId: TenantId
  profile: ShelterProfile
  version: number
}>
type Remembered = Readonly<{ requestHash: string; result: CommandResult<never> }>

export type FakeApplication = Application &
  Readonly<{
    /** Whether the read model follows each write at once. */
    followsAtOnce: { value: boolean }
    /** Lets the read model take in everything. */
    follow: () => void
    searches: { count: number }
    /** Thrown by the next search. */
    failure: { next: Error | undefined }
    /** Awaited by searches and by admissions. */
    pause: { until: Promise<void> | undefined }
    /** What every command answers, when it is set. */
    outcome: { next: CommandResult<never> | undefined }
  }>

const clean = <T extends object>(value: T): T =>
  Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== null && member !== undefined),
  ) as T

export const petJson = (
  tenantId: TenantId,
  id: string,
  pet: PresentPet,
  extras: boolean,
): string => {
  const {
    temperament,
    shelterId,
    intakeDate,
    vaccinations,
    goodWithDogs,
    goodWithCats,
    microchipId,
    ...known
  } = pet.profile
  const { medicalInfo, ...profile } = known
  const photos = pet.photos.map((photo) =>
    photo.kind === 'url' ? photo.url : `https://pets.test/v1/pets/${id}/images/${photo.name}`,
  )
  return JSON.stringify({
    id,
    ...clean(profile),
    status: pet.status,
    createdAt: pet.createdAt,
    updatedAt: pet.updatedAt,
    tenantId: tenantId === SHARED_TENANT ? null : tenantId,
    photos,
    ...(medicalInfo === null ? {} : { medicalInfo: clean(medicalInfo) }),
    ...(extras
      ? clean({
          temperament,
          shelterId,
          intakeDate,
          vaccinations,
          goodWithDogs,
          goodWithCats,
          microchipId,
        })
      : {}),
  })
}

const matches = ({ profile, status }: PresentPet, filter: PetFilter): boolean =>
  (filter.species?.includes(profile.species) ?? true) &&
  (filter.status?.includes(status) ?? true) &&
  (filter.size === undefined || (profile.size !== null && filter.size.includes(profile.size))) &&
  profile.ageMonths >= (filter.ageMin ?? 0) &&
  profile.ageMonths <= (filter.ageMax ?? Infinity) &&
  (filter.goodWithKids ?? profile.goodWithKids) === profile.goodWithKids &&
  (filter.q === undefined || profile.name.toLowerCase().includes(filter.q.toLowerCase()))

export const fakeApplication = (): FakeApplication => {
  const ids = seededIds(7)
  const written = { pets: new Map<string, PetRow>(), shelters: new Map<string, ShelterRow>() }
  let read = { pets: new Map<string, PetRow>(), shelters: new Map<string, ShelterRow>() }
  const keys = new Map<string, Remembered>()
  const generations = new Map<TenantId, number>()
  const touched = new Set<TenantId>()
  const waiting = new Set<() => void>()
  let head = 0
  let seen = 0
  const followsAtOnce = { value: true }
  const searches = { count: 0 }
  const failure: FakeApplication['failure'] = { next: undefined }
  const pause: FakeApplication['pause'] = { until: undefined }
  const outcome: FakeApplication['outcome'] = { next: undefined }

  const follow = (): void => {
    read = { pets: new Map(written.pets), shelters: new Map(written.shelters) }
    for (const tenantId of touched) generations.set(tenantId, (generations.get(tenantId) ?? 0) + 1)
    touched.clear()
    seen = head
    for (const wake of waiting) wake()
  }
  const wrote = (tenantId: TenantId): number => {
    head += 1
    touched.add(tenantId)
    if (followsAtOnce.value) follow()
    return head
  }
  const place = (tenantId: TenantId, id: string): string => `${tenantId}/${id}`

  const once = <State>(
    context: CommandContext,
    run: () => CommandResult<State>,
  ): CommandResult<State> => {
    if (outcome.next !== undefined) return outcome.next
    if (context.idempotency === undefined) return run()
    const slot = place(context.tenantId, context.idempotency.key)
    const known = keys.get(slot)
    if (known !== undefined) {
      if (known.requestHash !== context.idempotency.requestHash) return { kind: 'key_reused' }
      const result = known.result as CommandResult<State>
      return result.kind === 'done' ? { ...result, replayed: true } : result
    }
    const result = run()
    const { requestHash } = context.idempotency
    keys.set(slot, { requestHash, result: result as CommandResult<never> })
    return result
  }

  const store = (row: PetRow): PetResult => {
    written.pets.set(place(row.tenantId, row.id), row)
    const position = wrote(row.tenantId)
    const state: PetState = row.isRemoved
      ? { kind: 'removed', last: row.pet, removedAt: TEST_TIME }
      : row.pet
    return { kind: 'done', id: row.id, state, version: row.version, position, replayed: false }
  }

  const change = (
    context: CommandContext,
    id: string,
    evolve: (pet: PresentPet) => PresentPet | 'remove' | PetResult,
  ): Promise<PetResult> =>
    Promise.resolve(
      once<PetState>(context, () => {
        const row = written.pets.get(place(context.tenantId, id))
        if (row === undefined || row.isRemoved) return { kind: 'not_found' }
        const { expectedVersion = row.version } = context
        if (expectedVersion !== row.version) {
          return { kind: 'version_mismatch', actualVersion: row.version }
        }
        const next = evolve(row.pet)
        if (next === 'remove') return store({ ...row, isRemoved: true, version: row.version + 1 })
        if (next.kind !== 'present') return next
        if (JSON.stringify(next) === JSON.stringify(row.pet)) {
          return {
            kind: 'done',
            id,
            state: row.pet,
            version: row.version,
            position: head,
            replayed: false,
          }
        }
        return store({ ...row, pet: next, version: row.version + 1 })
      }),
    )

  const view = (row: ShelterRow): ShelterView => ({
    id: row.id,
    ...row.profile,
    serial: 1,
    availablePetCount: [...read.pets.values()].filter(
      ({ tenantId, pet, isRemoved }) =>
        tenantId === row.tenantId &&
        !isRemoved &&
        pet.profile.shelterId === row.id &&
        pet.status === 'AVAILABLE',
    ).length,
    version: row.version,
    createdAt: TEST_TIME,
    updatedAt: TEST_TIME,
  })
  const shelterDone = (row: ShelterRow) => {
    written.shelters.set(place(row.tenantId, row.id), row)
    const state = { profile: row.profile, createdAt: TEST_TIME, updatedAt: TEST_TIME }
    const position = wrote(row.tenantId)
    return {
      kind: 'done',
      id: row.id,
      state,
      version: row.version,
      position,
      replayed: false,
    } as const
  }
  const petsOf = (tenantId: TenantId): PetRow[] =>
    [...read.pets.values()].filter((row) => row.tenantId === tenantId && !row.isRemoved)

  const search = async (tenantId: TenantId, query: PetQuery) => {
    searches.count += 1
    const { next } = failure
    failure.next = undefined
    const rows = petsOf(tenantId).filter(({ pet }) => matches(pet, query.filter))
    await pause.until
    if (next !== undefined) throw next
    const { paging } = query
    if (paging.kind === 'cursor' && paging.after !== null && !/^\d+$/.test(paging.after)) {
      return { kind: 'bad_cursor' } as const
    }
    const from =
      paging.kind === 'page' ? (paging.page - 1) * paging.limit : Number(paging.after ?? 0)
    const end = from + paging.limit
    const facets = query.facets.includes('species') ? { facets: { species: { DOG: 1 } } } : {}
    return {
      kind: 'page',
      page: {
        items: rows.slice(from, end).map(({ id, pet }) => petJson(tenantId, id, pet, query.extras)),
        totalItems: rows.length,
        nextCursor: end < rows.length ? String(end) : null,
        ...facets,
      },
    } as const
  }

  return {
    followsAtOnce,
    follow,
    searches,
    failure,
    pause,
    outcome,
    pets: {
      admit: async (context, input) => {
        await pause.until
        return once<PetState>(context, () => {
          const { profile, status, intake, photos } = input
          const pet: PresentPet = {
            kind: 'present',
            profile,
            status,
            intake,
            photos,
            reservedFor: null,
            inCare: true,
            outcome: null,
            createdAt: TEST_TIME,
            updatedAt: TEST_TIME,
          }
          return store({ id: ids(), tenantId: context.tenantId, pet, version: 1, isRemoved: false })
        })
      },
      revise: (context, id, input) =>
        change(context, id, (pet) => {
          if (input.status === 'PENDING' || input.status === 'ADOPTED') {
            const detail = 'The status cannot be changed by hand in this way.'
            return {
              kind: 'rejected',
              rejection: { code: 'invalid_status_transition', detail, field: 'status' },
            }
          }
          const changes = Object.fromEntries(
            Object.entries(input.changes).filter(([, value]) => value !== undefined),
          ) as Partial<PetProfile>
          return {
            ...pet,
            profile: { ...pet.profile, ...changes },
            status: input.status ?? pet.status,
            photos: [
              ...pet.photos,
              ...(input.photos ?? []).filter(
                (photo) =>
                  !pet.photos.some((known) => JSON.stringify(known) === JSON.stringify(photo)),
              ),
            ],
          }
        }),
      recordOutcome: (context, id) =>
        change(context, id, (pet) =>
          pet.inCare
            ? { ...pet, status: 'NOT_AVAILABLE', inCare: false }
            : {
                kind: 'rejected',
                rejection: { code: 'pet_not_in_care', detail: 'The pet has left care.' },
              },
        ),
      returnToCare: (context, id, input) =>
        change(context, id, (pet) =>
          pet.status === 'ADOPTED'
            ? { ...pet, status: input.status, inCare: true }
            : {
                kind: 'rejected',
                rejection: {
                  code: 'pet_not_adopted',
                  detail: 'Only an adopted pet can be returned.',
                },
              },
        ),
      addPhoto: (context, id, { photo }) =>
        change(context, id, (pet) => ({ ...pet, photos: [...pet.photos, photo] })),
      remove: (context, id) => change(context, id, () => 'remove'),
      reserve: (context, id, { cause }) =>
        change(context, id, (pet) => ({ ...pet, status: 'PENDING', reservedFor: cause })),
      release: (context, id) =>
        change(context, id, (pet) => ({ ...pet, status: 'AVAILABLE', reservedFor: null })),
      adopt: (context, id) =>
        change(context, id, (pet) => ({ ...pet, status: 'ADOPTED', inCare: false })),
      search,
      get: (tenantId, id, { extras }) => {
        const row = read.pets.get(place(tenantId, id))
        if (row === undefined || row.isRemoved) return Promise.resolve(undefined)
        const json = petJson(tenantId, id, row.pet, extras)
        return Promise.resolve({ json, version: row.version, updatedAt: row.pet.updatedAt })
      },
      render: (tenantId, id, state, { extras }) =>
        state.kind === 'present' ? petJson(tenantId, id, state, extras) : '{}',
      history: (tenantId, id, { after, limit }) => {
        const row = written.pets.get(place(tenantId, id))
        if (row === undefined) return Promise.resolve(undefined)
        const versions = Array.from({ length: row.version }, (_, index) => index + 1)
        const asked = versions.filter((version) => version > after)
        const entries = asked.slice(0, limit).map((version) => ({
          event: {
            position: version,
            tenantId,
            category: 'pet',
            streamId: id,
            version,
            eventId: ids(),
            type: 'pet.updated',
            schemaVersion: 1,
            data: {},
            occurredAt: TEST_TIME,
            recordedAt: TEST_TIME,
            metadata: {
              actor: { kind: 'user' as const, id: 'staff' },
              correlationId: 'c',
              causationId: null,
            },
          },
          changes: [{ field: 'name', before: 'a', after: 'b' }],
        }))
        return Promise.resolve({ entries, version: row.version, hasMore: asked.length > limit })
      },
      inventory: (tenantId) => {
        const byStatus: Record<string, number> = {
          AVAILABLE: 0,
          PENDING: 0,
          ADOPTED: 0,
          NOT_AVAILABLE: 0,
        }
        const bySpecies: Record<string, number> = {}
        for (const { pet } of petsOf(tenantId)) {
          byStatus[pet.status] = (byStatus[pet.status] ?? 0) + 1
          bySpecies[pet.profile.species] = (bySpecies[pet.profile.species] ?? 0) + 1
        }
        return Promise.resolve({ byStatus, bySpecies, total: petsOf(tenantId).length })
      },
    },
    shelters: {
      register: (context, profile) =>
        Promise.resolve(
          once(context, () =>
            shelterDone({ id: ids(), tenantId: context.tenantId, profile, version: 1 }),
          ),
        ),
      update: (context, id, changes) => {
        const row = written.shelters.get(place(context.tenantId, id))
        if (row === undefined) return Promise.resolve({ kind: 'not_found' })
        if ((context.expectedVersion ?? row.version) !== row.version) {
          return Promise.resolve({ kind: 'version_mismatch', actualVersion: row.version })
        }
        const given = Object.entries(changes).filter(([, value]) => value !== undefined)
        const profile = {
          ...row.profile,
          ...(Object.fromEntries(given) as Partial<ShelterProfile>),
        }
        return Promise.resolve(shelterDone({ ...row, profile, version: row.version + 1 }))
      },
      list: (tenantId, { page, limit }) => {
        const rows = [...read.shelters.values()].filter((row) => row.tenantId === tenantId)
        const items = rows.slice((page - 1) * limit, page * limit).map(view)
        return Promise.resolve({ items, totalItems: rows.length })
      },
      get: (tenantId, id) => {
        const row = read.shelters.get(place(tenantId, id))
        return Promise.resolve(row === undefined ? undefined : view(row))
      },
    },
    users: {
      register: () => Promise.resolve({ kind: 'not_found' }),
      get: () => Promise.resolve(undefined),
    },
    readModel: {
      position: () => seen,
      generation: (tenantId) => generations.get(tenantId) ?? 0,
      waitFor: (position, timeoutMs) =>
        new Promise((resolve) => {
          const settle = (isThere: boolean): void => {
            waiting.delete(check)
            clearTimeout(timer)
            resolve(isThere)
          }
          const check = (): void => {
            if (seen >= position) settle(true)
          }
          const timer = setTimeout(() => settle(false), timeoutMs)
          waiting.add(check)
          check()
        }),
    },
  }
}
