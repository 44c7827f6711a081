// The promise of the response cache, over random interleavings on the whole application: clients of
// two tenants write and read at the same time, each read waiting for its client's last write.
// Nobody ever sees less than what he wrote; once it is quiet, every answer is the one that a server
// without a cache gives, and 304 means that nothing has changed.
import fc from 'fast-check'
import t from 'tap'
import { createHttpServer } from '../../../src/transports/http/server.ts'
import { httpApp, PUBLIC_URL, type Headers } from './http-app.ts'

t.setTimeout(90_000)

const rig = await httpApp(t)
const { app } = rig
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

/** A pet as the clients know it: the name that each of its versions has, and whether somebody removes it. */
type Pet = { url: string; names: Map<string, number>; isRemoving: boolean }
type Tenant = Readonly<{ headers: Headers; pets: Pet[]; shelter: string }>
type Client = { tenant: Tenant; cursor: string | undefined; seen: Map<Pet, number | 'removed'> }
type Listed = { id: string; name: string }

const LISTS = ['/v1/pets', '/v1/pets?species=CAT&limit=50', '/v1/pets?limit=3&sort=name']
const step = fc.record({
  kind: fc.constantFrom('create', 'patch', 'delete', 'shelter', 'list', 'list', 'pet', 'pet'),
  pick: fc.nat(1_000),
})
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

let names = 0
const newName = (): string => `n${(names += 1)}`

const versionOf = (response: Readonly<{ headers: object }>): number =>
  Number(/^"v(\d+)/.exec((response.headers as { etag?: string }).etag ?? '')?.[1])

const write = async (
  client: Client,
  method: 'POST' | 'PATCH' | 'DELETE',
  url: string,
  payload = {},
) => {
  const { headers } = client.tenant
  const sent = method === 'DELETE' ? { method, url, headers } : { method, url, headers, payload }
  const response = await app.inject(sent)
  const cursor = response.headers['event-cursor']
  if (typeof cursor === 'string') client.cursor = cursor
  return response
}

const change = async (client: Client, pet: Pet): Promise<void> => {
  const name = newName()
  pet.names.set(name, Infinity) // may be read before its version is known here
  const response = await write(client, 'PATCH', pet.url, { name })
  if (response.statusCode !== 200) return // removed by the other: a refusal has no cursor to wait for
  pet.names.set(name, versionOf(response))
  client.seen.set(pet, versionOf(response))
}

const create = async (client: Client): Promise<void> => {
  const name = newName()
  const { headers, pets } = client.tenant
  const { response, url, cursor } = await rig.admit({ name }, headers)
  client.cursor = cursor
  const pet: Pet = { url, names: new Map([[name, versionOf(response)]]), isRemoving: false }
  pets.push(pet)
  client.seen.set(pet, 1)
}

const remove = async (client: Client, pet: Pet): Promise<void> => {
  pet.isRemoving = true
  const { statusCode } = await write(client, 'DELETE', pet.url)
  if (statusCode === 204) client.seen.set(pet, 'removed')
}

const mustBeFresh = (client: Client, pet: Pet, name: string | undefined): void => {
  const seen = client.seen.get(pet)
  if (name === undefined) {
    if (!pet.isRemoving && seen !== undefined) throw new Error(`${pet.url} is not there yet`)
    return
  }
  const version = pet.names.get(name)
  if (version === undefined) throw new Error(`${pet.url} is called ${name}: nobody called it so`)
  if (seen === 'removed') throw new Error(`${pet.url} is still there`)
  if (seen !== undefined && version < seen)
    throw new Error(`${pet.url} is as in version ${version}`)
}

const read = async (client: Client, url: string) => {
  const { headers } = client.tenant
  const wait = client.cursor === undefined ? {} : { 'wait-for-cursor': client.cursor }
  const response = await app.inject({ url, headers: { ...headers, ...wait } })
  if (response.statusCode >= 500) throw new Error(response.body)
  return response
}

const readPet = async (client: Client, pet: Pet): Promise<void> => {
  const response = await read(client, pet.url)
  const isThere = response.statusCode === 200
  mustBeFresh(client, pet, isThere ? response.json<Listed>().name : undefined)
}

const readList = async (client: Client, url: string): Promise<void> => {
  const mine = [...client.seen.keys()]
  const { data, pagination } = (await read(client, url)).json<{
    data: Listed[]
    pagination: { limit: number }
  }>()
  const byUrl = new Map(data.map(({ id, name }) => [`/v1/pets/${id}`, name]))
  const isWhole = data.length < pagination.limit
  for (const pet of mine) {
    const name = byUrl.get(pet.url)
    if (name !== undefined || isWhole) mustBeFresh(client, pet, name)
  }
}

const take = async (client: Client, { kind, pick }: Step): Promise<void> => {
  const { pets, shelter } = client.tenant
  const pet = pets[pick % Math.max(1, pets.length)]
  if (kind === 'list') return readList(client, LISTS[pick % LISTS.length] ?? '/v1/pets')
  if (kind === 'shelter') {
    const hours = newName()
    await write(client, 'PATCH', shelter, { hours })
    const shown = (await read(client, shelter)).json<{ hours: string }>().hours
    if (Number(shown.slice(1)) < Number(hours.slice(1)) && !isShared(client))
      throw new Error('stale')
    return
  }
  if (kind === 'create' || pet === undefined) return create(client)
  if (kind === 'pet') return readPet(client, pet)
  return kind === 'patch' ? change(client, pet) : remove(client, pet)
}

/** The other client of the tenant may write an earlier name later. */
const isShared = (client: Client): boolean => client.tenant === sharedTenant
let sharedTenant: Tenant | undefined

const newTenant = async (name: string): Promise<Tenant> => {
  const headers = await rig.newTenant(name)
  const payload = { name: 'Quay' }
  const made = await app.inject({ method: 'POST', url: '/v1/shelters', headers, payload })
  return { headers, pets: [], shelter: String(made.headers.location) }
}

/** When nobody writes: as without a cache, and 304 exactly when the bytes are those of the copy. */
const compare = async (
  tenant: Tenant,
  copies: Map<string, Readonly<{ etag: string; body: string }>>,
) => {
  const { headers } = tenant
  const urls = [
    ...LISTS,
    '/v1/inventory',
    '/v1/shelters',
    tenant.shelter,
    ...tenant.pets.map(({ url }) => url),
  ]
  for (const url of urls) {
    const exact = await uncached.inject({ url, headers })
    const given = await app.inject({ url, headers })
    if (given.body !== exact.body && given.statusCode === 200) throw new Error(`${url} is stale`)
    if (given.statusCode !== exact.statusCode) throw new Error(`${url}: ${given.statusCode}`)
    if (given.headers.etag !== exact.headers.etag) throw new Error(`${url} has another tag`)
    const place = `${headers['x-tenant-id']} ${url}`
    const copy = copies.get(place)
    if (given.statusCode !== 200) continue
    copies.set(place, { etag: String(given.headers.etag), body: given.body })
    if (copy === undefined) continue
    const asked = { url, headers: { ...headers, 'if-none-match': copy.etag } }
    const isSame = (await app.inject(asked)).statusCode === 304
    if (isSame !== (copy.body === given.body)) throw new Error(`${url}: 304 is ${isSame}`)
  }
}

const steps = fc.array(step, { maxLength: 8 })
const round = fc.tuple(steps, steps, steps)

t.test('nobody reads less than he wrote, and nothing that is no longer so', async (t) => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
      runs += 1
      const [here, there] = [await newTenant(`here ${runs}`), await newTenant(`there ${runs}`)]
      sharedTenant = here
      const clients = [here, here, there].map((tenant): Client => {
        return { tenant, cursor: undefined, seen: new Map() }
      })
      const copies = new Map<string, Readonly<{ etag: string; body: string }>>()
      for (const lists of rounds) {
        const working = clients.map(async (client, index) => {
          for (const next of lists[index] ?? []) await take(client, next)
        })
        for (const outcome of await Promise.allSettled(working)) {
          if (outcome.status === 'rejected') throw outcome.reason
        }
        await rig.settled()
        await compare(here, copies)
        await compare(there, copies)
      }
    }),
    { seed: 20_260_822, numRuns: 15, endOnFailure: true },
  )
  t.pass(`${runs} random runs`)
})
