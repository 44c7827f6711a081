// The demo over starts that are killed: finished by the next one, and never added to what is somebody's.
import pg from 'pg'
import t, { type Test } from 'tap'
import type { EventStore } from '../../src/core/event-store.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { DEMO_TENANT, seedDemo } from '../../src/demo/demo.ts'
import { SEEDER } from '../../src/demo/seed.ts'
import { SITES } from '../../src/demo/vocabulary.ts'
import { testApp, type TestApp } from '../support/app.ts'
import { aContext } from '../support/builders.ts'

const DAY_MS = 86_400_000

/** A store that takes so many appends, and after that none: what a killed process has done until then. */
const mortalApp = async (t: Test) => {
  let left = Infinity
  const begun: Promise<unknown>[] = []
  const mortal = (eventStore: EventStore): EventStore => ({
    ...eventStore,
    append: (request) => {
      left -= 1
      if (left < 0) return Promise.reject(new Error('killed'))
      const appended = eventStore.append(request)
      begun.push(appended)
      return appended
    },
  })
  const app = await testApp(t, { ports: ({ eventStore }) => ({ eventStore: mortal(eventStore) }) })
  return {
    ...app,
    live: (appends: number) => (left = appends),
    dead: () => Promise.allSettled(begun), // what was under way at its death is stored all the same
  }
}

const seed = ({ application, ports }: TestApp, clock = ports.clock): Promise<boolean> =>
  seedDemo({ ...ports, application, clock })

const eventsOf = async ({ ports }: TestApp) =>
  (await ports.eventStore.readAll({ after: 0, limit: 2_000 })).events

/** How many events the demo itself made: policies may still answer to what was there. */
const seededOf = async (app: TestApp): Promise<number> =>
  (await eventsOf(app)).filter(({ metadata }) => metadata.actor.id === SEEDER).length

/** What is told of each stream, without what is invented anew each time. */
const storiesOf = async (app: TestApp): Promise<readonly string[]> => {
  const stories = new Map<string, string>()
  for (const { tenantId, category, streamId, type, data } of await eventsOf(app)) {
    const told = JSON.stringify(data)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
      .replaceAll(/-[0-9a-f]{6}(?=["@])/g, '-<name>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    const before = stories.get(streamId) ?? `${tenantId} ${category}`
    stories.set(streamId, `${before}\n${type} ${told}`)
  }
  return [...stories.values()].sort()
}

t.test('a demo that was killed again and again is in the end as any other', async (t) => {
  const [whole, killed] = [await testApp(t), await mortalApp(t)]
  t.equal(await seed(whole), true)
  for (const appends of [1, 6, 40, 150, 333]) {
    killed.live(appends)
    await t.rejects(seed(killed), { message: 'killed' })
  }
  killed.live(Infinity)
  t.equal(await seed(killed), true, 'the next start finishes it')
  t.strictSame(await storiesOf(killed), await storiesOf(whole))
  t.equal(await seed(killed), false, 'and nothing is left to do')
})

t.test('two starts at the same moment make one demo', async (t) => {
  const app = await testApp(t)
  await Promise.all([seed(app), seed(app)])
  const shelters = (await eventsOf(app)).filter(({ type }) => type === 'shelter.registered')
  t.equal(shelters.length, 4)
})

t.test('a store that somebody has written to is left as it is', async (t) => {
  const staff = aContext({ actor: { kind: 'client', id: 'staff' } })
  const theirs = await testApp(t)
  await theirs.application.shelters.register(staff, SITES[0])
  t.equal(await seed(theirs), false)
  t.equal((await eventsOf(theirs)).length, 1)

  const begun = await mortalApp(t)
  begun.live(60)
  await t.rejects(seed(begun), { message: 'killed' })
  begun.live(Infinity)
  const pet = (await eventsOf(begun)).find(({ type }) => type === 'pet.admitted')
  const removed = await begun.application.pets.remove(staff, pet?.streamId ?? '', { reason: 'x' })
  t.equal(removed.kind, 'done')
  await begun.dead()
  const before = await seededOf(begun)
  t.equal(await seed(begun), false)
  t.equal(await seededOf(begun), before)
})

t.test('a pet of the demo that was removed does not come back', async (t) => {
  const app = await testApp(t)
  await seed(app)
  const tenants = new Set((await eventsOf(app)).map(({ tenantId }) => tenantId))
  t.strictSame(tenants, new Set([SHARED_TENANT, DEMO_TENANT]))
  const pet = (await eventsOf(app)).find(({ type }) => type === 'pet.admitted')
  const staff = aContext({ actor: { kind: 'client', id: 'staff' } })
  await app.application.pets.remove(staff, pet?.streamId ?? '', { reason: null })
  t.equal(await seed(app), false)
})

t.test('one that was begun longer ago than keys are remembered stays as it is', async (t) => {
  const app = await mortalApp(t)
  app.live(60)
  await t.rejects(seed(app), { message: 'killed' })
  app.live(Infinity)
  t.equal(await seed(app, () => app.ports.clock() + DAY_MS), false)
})

t.test('nor is it finished, whatever the clock says, once its keys are forgotten', async (t) => {
  const app = await mortalApp(t)
  app.live(60)
  await t.rejects(seed(app), { message: 'killed' })
  await app.dead()
  app.live(Infinity)
  const client = new pg.Client({ connectionString: app.url })
  await client.connect()
  await client.query('delete from pawtrail.command_log')
  await client.end()
  const before = await seededOf(app)
  t.ok(before > 0)
  t.equal(await seed(app), false)
  t.equal(await seededOf(app), before)
})
