// The promise of the response cache across the profiles: after a write through the one, a reader who waits for it
// through the other never sees less; and what is read from the cache is what a server without one says.
import fc from 'fast-check'
import t from 'tap'
import { createHttpServer } from '../../../../src/transports/http/server.ts'
import { PUBLIC_URL } from '../http-app.ts'
import { classicApp, type Pet } from './classic-app.ts'

t.setTimeout(120_000)

const rig = await classicApp(t)
const settings = {
  publicUrl: PUBLIC_URL,
  publicReads: true,
  rateLimitPerMinute: 0,
  cacheMaxBytes: 0,
  trustProxy: false,
}
const uncached = await createHttpServer({
  ...rig.ports,
  application: rig.application,
  readiness: async () => ({ ready: true }),
  jwks: () => ({ keys: [] }),
  plugins: [],
  settings,
})
t.teardown(() => uncached.close())

const client = await rig.inNewTenant('cache')
const { staff } = client
await client.shelter()
for (const name of ['a', 'b', 'c']) await client.admit({ name, shelter_id: 1 })
const modernIds = (await rig.get('/v1/pets?sort=createdAt', staff))
  .json<{ data: { id: string }[] }>()
  .data.map(({ id }) => id)

const READS = [
  '/pets',
  '/pets?status=available&_sort=-name',
  '/pets/1',
  '/pets/2',
  '/shelters',
  '/shelters/1',
  '/classic/pets?shelter_id=1',
]
type Write = Readonly<{
  pet: number
  profile: 'classic' | 'modern'
  what: 'name' | 'hide' | 'show'
}>

let names = 0
/** Cursor of the write, and the name that the pet has now where the write gave one. */
const write = async ({ pet, profile, what }: Write) => {
  const name = `n${(names += 1)}`
  const modern =
    what === 'name' ? { name } : { status: what === 'hide' ? 'NOT_AVAILABLE' : 'AVAILABLE' }
  const answer =
    profile === 'classic' && what === 'name'
      ? await client.send('PATCH', `/pets/${pet + 1}`, { payload: { name } })
      : await client.send('PATCH', `/v1/pets/${modernIds[pet] ?? ''}`, { payload: modern })
  return {
    cursor: answer.headers['event-cursor'],
    name: what === 'name' ? name : undefined,
    answer,
  }
}

t.test(
  'a write through either profile is seen through the other by who waits for it (seed 5)',
  async (t) => {
    const writes = fc.array(
      fc.record({
        pet: fc.nat(2),
        profile: fc.constantFrom('classic' as const, 'modern' as const),
        what: fc.constantFrom('name' as const, 'name' as const, 'hide' as const, 'show' as const),
      }),
      { minLength: 1, maxLength: 6 },
    )
    const hidden = new Set<number>()
    await fc.assert(
      fc.asyncProperty(writes, async (steps) => {
        for (const step of steps) {
          for (const url of READS) await client.get(url) // so that there is something old to give
          const { cursor, name, answer } = await write(step)
          const isHidden = hidden.has(step.pet)
          if (step.what === 'hide') hidden.add(step.pet)
          if (step.what === 'show') hidden.delete(step.pet)
          if (step.profile === 'classic' && step.what === 'name' && isHidden) {
            t.equal(answer.statusCode, 404, 'what is hidden is not changed')
            continue
          }
          const headers = { ...staff, 'wait-for-cursor': String(cursor) }
          const one = await client.get(`/pets/${step.pet + 1}`, headers)
          t.equal(one.statusCode, hidden.has(step.pet) ? 404 : 200)
          if (name !== undefined && !hidden.has(step.pet)) t.equal(one.json<Pet>()['name'], name)
          const list = (await client.get('/pets', headers)).json<Pet[]>()
          t.strictSame(
            list.map(({ id }) => id),
            [0, 1, 2].filter((pet) => !hidden.has(pet)).map((pet) => pet + 1),
          )
          const modern = await client.get(`/v1/pets/${modernIds[step.pet] ?? ''}`, headers)
          if (name !== undefined) t.equal(modern.json<{ name: string }>().name, name)
        }
        await rig.settled()
        for (const url of READS) {
          const [kept, fresh] = [
            await client.get(url),
            await uncached.inject({ url, headers: staff }),
          ]
          t.equal(kept.body, fresh.body, url)
          t.equal(kept.headers.etag, fresh.headers.etag)
        }
      }),
      { seed: 5, numRuns: 6 },
    )
  },
)

t.test('the profiles never give each other their answers', async (t) => {
  await rig.settled()
  for (let round = 0; round < 2; round += 1) {
    t.type((await client.get('/pets')).json(), Array)
    t.match((await client.get('/v1/pets')).json(), { data: Array })
    t.match((await client.get('/pets/1')).json(), { id: 1 })
    t.type((await client.get('/shelters')).json(), Array)
  }
})
