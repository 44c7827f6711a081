// Filters by shelter and species: live, from the ring, from the log and in pages the same events, and
// a pet that must be looked up delays nobody else.
import fc from 'fast-check'
import t from 'tap'
import type { EventStore } from '../../../src/core/event-store.ts'
import type { Position, StoredEvent } from '../../../src/core/event.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import { petAdmitted } from '../../../src/events/pet.ts'
import { compileFilter, type FeedFilter } from '../../../src/transports/feed/filter.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import {
  compiled,
  feedHarness,
  OTHER_TENANT,
  recordingSink,
  settle,
  subscribe,
  TENANT,
  until,
  write,
} from './harness.ts'

type Step = Readonly<{
  what: 'move' | 'rename' | 'species' | 'status' | 'order' | 'shelter'
  pet: string
  shelter: string | null
  species: 'DOG' | 'CAT'
  isOther: boolean // of another tenant, which has pets of the same ids
}>

const dataOf = ({ what, shelter, species }: Step): StoredEvent['data'] | undefined => {
  if (what === 'move') return { changes: { shelterId: shelter } }
  if (what === 'species') return { changes: { species } }
  return what === 'rename' ? { changes: { name: 'Rex' } } : undefined
}

const TYPES = {
  move: 'pet.updated',
  species: 'pet.updated',
  rename: 'pet.updated',
  status: 'pet.status_changed',
  order: 'order.cancelled',
  shelter: 'shelter.updated',
} as const

type Pair = Readonly<{ shelter: string | null; species: string | null }>
type Told = Readonly<{ position: Position; type: string; pairs: readonly Pair[] }>

/** Writes the steps; the first of a pet admits it. Answers what each event is about, as told. */
const play = async (store: EventStore, steps: readonly Step[], now: Map<string, Pair>) => {
  const told: Told[] = []
  for (const step of steps) {
    const tenantId = step.isOther ? OTHER_TENANT : TENANT
    const key = `${tenantId} ${step.pet}`
    const before = now.get(key)
    const isOfPet = step.what !== 'order' && step.what !== 'shelter'
    const isFirst = isOfPet && before === undefined
    const type = isFirst ? 'pet.admitted' : TYPES[step.what]
    const { shelter, species } = step
    const profile = { ...petAdmitted.sample.profile, shelterId: shelter, species }
    const data = isFirst ? { ...petAdmitted.sample, profile } : dataOf(step)
    const id = step.what === 'shelter' ? (shelter ?? 's1') : step.pet
    const position = await write(store, {
      ...{ tenantId, type, id },
      ...(data === undefined ? {} : { data }),
    })
    const after: Pair = isFirst
      ? { shelter, species }
      : {
          shelter: step.what === 'move' ? shelter : (before?.shelter ?? null),
          species: step.what === 'species' ? species : (before?.species ?? null),
        }
    if (isOfPet) now.set(key, after)
    if (step.isOther) continue
    const own = step.what === 'shelter' ? [{ shelter: id, species: null }] : []
    const pairs = isOfPet ? [...(before === undefined ? [] : [before]), after] : own
    told.push({ position, type, pairs })
  }
  return told
}

const wanted = (told: readonly Told[], { types, shelters, species }: FeedFilter): Position[] =>
  told
    .filter(({ type }) => types === undefined || types.some((each) => each === type))
    .filter(({ pairs }) =>
      pairs.some(
        (pair) =>
          (shelters === undefined || shelters.some((each) => each === pair.shelter)) &&
          (species === undefined || species.some((each) => each === pair.species)),
      ),
    )
    .map(({ position }) => position)

const shelter = fc.constantFrom('s1', 's2', null)
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('move', 'rename', 'species', 'status', 'order', 'shelter'),
  pet: fc.constantFrom('a', 'b', 'c'),
  shelter,
  species: fc.constantFrom('DOG', 'CAT'),
  isOther: fc.boolean(),
})

const FILTERS: readonly FeedFilter[] = [
  { shelters: ['s1'] },
  { shelters: ['s1', 's2'] },
  { species: ['DOG'] },
  { shelters: ['s2'], species: ['CAT'] },
  { types: ['pet.status_changed'], shelters: ['s1'] },
  { types: ['pet.updated'], species: ['CAT'] },
]

t.test('by shelter and species, live, the ring, the log and pages give the same', async (t) => {
  const steps = fc.array(step, { minLength: 1, maxLength: 30 })
  const tried = fc.asyncProperty(steps, steps, fc.constantFrom(1, 2, 50), async (...given) => {
    const [early, late, traitPets] = given
    const store = createMemoryEventStore({ clock: fixedClock() })
    const now = new Map<string, Pair>()
    const told = await play(store, early, now)
    const settings = { traitPets, ringEvents: 10, catchUpPageEvents: 7, sliceEvents: 3 }
    await t.test('a run', async (t) => {
      const { feed } = await feedHarness(t, { store, settings })
      const open = (after: Position) =>
        FILTERS.map((filter) => {
          const recorder = recordingSink()
          subscribe(feed, recorder.sink, { filter: compiled(filter), after })
          return recorder.positions
        })
      const start = feed.head()
      const live = open(start)
      await settle(feed, store)
      told.push(...(await play(store, late, now)))
      await settle(feed, store)
      const replayed = open(0)
      const joined = open(start)
      await settle(feed, store)
      for (const [index, filter] of FILTERS.entries()) {
        const all = wanted(told, filter)
        const name = JSON.stringify(filter)
        const fresh = all.filter((position) => position > start)
        t.strictSame(live[index], fresh, `${name} live`)
        t.strictSame(joined[index], fresh, `${name} from where live began`)
        t.strictSame(replayed[index], all, `${name} replayed`)
        const audience = {
          tenantId: TENANT,
          principal: 'user:reader',
          visibility: 'staff',
        } as const
        const outcome = await feed.readPage({
          ...{ ...audience, filter: compiled(filter), after: 0, limit: 500 },
        })
        const items = outcome.kind === 'page' ? outcome.page.items : []
        const paged = items.map((item) =>
          Number((JSON.parse(item) as { sequence: string }).sequence),
        )
        t.strictSame(paged, all, `${name} in pages`)
      }
    })
    if (!t.passing()) throw new Error('told otherwise')
  })
  await fc.assert(tried, { seed: 20_260_822, numRuns: 25, endOnFailure: true })
})

/** A store whose reads of streams wait until they are let go. */
const heldStore = () => {
  const store = createMemoryEventStore({ clock: fixedClock() })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const readStream: EventStore['readStream'] = async (...asked) => {
    await held
    return store.readStream(...asked)
  }
  return { store: { ...store, readStream }, release }
}

const admission = (shelterId: string) =>
  ({
    type: 'pet.admitted',
    data: {
      ...petAdmitted.sample,
      profile: { ...petAdmitted.sample.profile, shelterId },
    } as StoredEvent['data'],
  }) as const

t.test('who must look up a pet waits alone, and is live again with nothing missed', async (t) => {
  const { store, release } = heldStore()
  const before = async (store: EventStore) => {
    await write(store, { ...admission('s1'), id: 'old' })
  }
  const { feed } = await feedHarness(t, { store, before })
  const all = recordingSink()
  const byShelter = recordingSink()
  const elsewhere = recordingSink()
  subscribe(feed, all.sink, { after: 1 })
  const waiting = subscribe(feed, byShelter.sink, {
    ...{ after: 1, filter: compiled({ shelters: ['s1'] }) },
  })
  const other = subscribe(feed, elsewhere.sink, {
    ...{ after: 1, filter: compiled({ types: ['order.*'], shelters: ['s1'] }) },
  })
  await settle(feed, store)
  await write(store, { id: 'old', type: 'pet.status_changed' })
  await write(store, { ...admission('s1'), id: 'new' })
  await until(() => all.positions.length === 2, 'those who need not look it up')
  t.equal(waiting.state(), 'catch-up')
  t.equal(other.state(), 'live', 'its types do not name the event')
  t.strictSame(byShelter.positions, [], 'and nothing overtakes what is looked up')
  release()
  await settle(feed, store)
  t.strictSame(byShelter.positions, [2, 3])
  t.equal(waiting.state(), 'live')
  await write(store, { id: 'old', type: 'pet.status_changed' })
  await settle(feed, store)
  t.strictSame(byShelter.positions, [2, 3, 4])
  t.equal(feed.stats().traitReads, 1, 'what was read is remembered, and kept up by what passes')
})

t.test('a pet is read once for all, and for nobody when nobody asks', async (t) => {
  const before = async (store: EventStore) => {
    await write(store, { ...admission('s1'), id: 'old' })
  }
  const { store, feed } = await feedHarness(t, { before })
  subscribe(feed, recordingSink().sink, { after: 1 })
  await settle(feed, store)
  await write(store, { id: 'old', type: 'pet.status_changed' })
  await settle(feed, store)
  t.equal(feed.stats().traitReads, 0)
  const head = feed.head()
  const recorders = Array.from({ length: 20 }, () => recordingSink())
  for (const { sink } of recorders) {
    subscribe(feed, sink, { after: head - 1, filter: compiled({ species: ['cat'] }) })
  }
  await settle(feed, store)
  for (const { positions } of recorders) t.strictSame(positions, [2])
  t.equal(feed.stats().traitReads, 1)
})

t.test('an event looks at the subscriptions of its own shelter and of no other', async (t) => {
  const { store, feed } = await feedHarness(t)
  for (let n = 0; n < 200; n += 1) {
    const filter = compiled({ shelters: [`s${String(n)}`] })
    subscribe(feed, recordingSink().sink, { filter, principal: `user:${String(n)}` })
  }
  await settle(feed, store)
  const looked = feed.stats().evaluations
  await write(store, { ...admission('s7'), id: 'p' })
  await settle(feed, store)
  t.equal(feed.stats().evaluations - looked, 1)
})

t.test('a shelter or a species that cannot be is refused by name', (t) => {
  for (const [filter, field] of [
    [{ species: ['DRAGON'] }, 'species'],
    [{ species: [''] }, 'species'],
    [{ shelters: ['a b'] }, 'shelters'],
    [{ shelters: ['*'] }, 'shelters'],
    [{ shelters: Array.from({ length: 51 }, (_, n) => `s${String(n)}`) }, 'shelters'],
  ] as const) {
    const result = compileFilter(filter)
    t.equal(result.kind === 'invalid' && result.field, field)
  }
  t.equal(compileFilter({ species: ['dog'], shelters: ['s1'] }).kind, 'filter')
  t.end()
})
