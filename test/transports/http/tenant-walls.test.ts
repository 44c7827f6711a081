// No request of tenant A reads or changes anything of tenant B, whatever form the id takes. The table in
// tenant-walls-lines.ts must name every route that the server has.
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { TenantId } from '../../../src/core/ids.ts'
import { until } from '../../projections/support.ts'
import { type TestApp, testApp } from '../../support/app.ts'
import {
  A,
  B,
  type Belongings,
  type Line,
  LINES,
  MARK,
  paymentBy,
  pet,
  user,
  WITHOUT_TENANT,
} from './tenant-walls-lines.ts'

/** Ways in which somebody may write an id, hoping that one check and another read it differently. */
const FORMS: readonly ((id: string) => string)[] = [
  (id) => id,
  (id) => id.toUpperCase(),
  (id) => `%20${id}`,
  (id) => `${id}%00`,
  (id) => `{${id}}`,
  (id) => `urn:uuid:${id}`,
  (id) => id.replaceAll('-', ''),
  (id) => id.replace('-', '%2D'),
  (id) => `${id}?tenant=${B}`,
  (id) => `..%2F${id}`,
  (id) => `pet-${B}.${id}`,
  () => '1',
]

type Answer = Readonly<{ statusCode: number; body: string; headers: object }>
type Sent = Readonly<{ method: string; url: string; headers: object; payload?: object }>

// Fastify's type of a method does not know QUERY yet.
const send = (app: FastifyInstance, request: Sent): Promise<Answer> =>
  (app.inject as unknown as (options: Sent) => Promise<Answer>).call(app, request)

type Naming = 'nothing' | 'shelter' | 'tenant' | 'query'
type Attempt = Readonly<{ line: Line; form: (id: string) => string; as: string; naming: Naming }>

/** Every line in every form, under every set of headers, naming the other tenant in each way. */
function* everyRequest(callers: readonly string[]): Generator<Attempt> {
  for (const line of LINES) {
    for (const form of line.about === 'none' ? FORMS.slice(0, 1) : FORMS) {
      for (const as of callers) {
        yield { line, form, as, naming: 'nothing' }
        if (line.body === undefined) yield { line, form, as, naming: 'query' }
        else yield* (['shelter', 'tenant'] as const).map((naming) => ({ line, form, as, naming }))
      }
    }
  }
}

const smuggled = (naming: Naming, theirs: Belongings): object => {
  if (naming === 'shelter') return { shelterId: theirs.shelter }
  return naming === 'tenant' ? { tenantId: B } : {}
}

const furnish = async (rig: TestApp, tenantId: TenantId, word: string): Promise<Belongings> => {
  const { app } = rig
  const scopes = ['admin'] as const
  const headers = {
    ...(await rig.bearer({ tenants: [tenantId], scopes })),
    'x-tenant-id': tenantId,
  }
  const created = async (url: string, payload: Record<string, unknown>): Promise<string> => {
    const answer = await app.inject({ method: 'POST', url, headers, payload })
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return answer.json<{ id: string }>().id
  }
  const shelter = await created('/v1/shelters', { name: `${word} Shelter` })
  const described = {
    ...pet,
    name: `${word} pet`,
    breed: `${word} breed`,
    shelterId: shelter,
    description: `${word} words`,
  }
  const id = await created('/v1/pets', described)
  const photo = `https://example.org/${word}.jpg`
  await app.inject({
    method: 'POST',
    url: `/v1/pets/${id}/images`,
    headers,
    payload: { url: photo },
  })
  const person = await created('/v1/users', {
    ...user,
    username: `${word}-user`,
    password: 'the right password',
    firstName: word,
  })
  const spare = await created('/v1/pets', described)
  const order = await created('/v1/orders', { petId: id, userId: person })
  await created(`/v1/orders/${order}/payment`, paymentBy(`${word} Buyer`))
  const adoption = await created('/v1/adoptions', {
    petId: await created('/v1/pets', described),
    applicantId: person,
    message: `${word} letter`,
  })
  // What policies make of it is in the log, too, before anything is compared.
  const find = () => rig.application.orders.get(tenantId, order)
  await until('the order is approved', async () => (await find())?.status === 'APPROVED')
  const receipt = (await find())?.payments[0]?.receiptId ?? ''
  const photoName = `${'0'.repeat(64)}.jpg`
  const webhook = await created('/v1/webhooks', {
    url: 'https://hooks.example.com/',
    events: ['shelter.updated'],
    description: `${word} hook`,
  })
  const cases = { order, receipt, adoption, webhook }
  const ids = { pet: id, shelter, user: person, ...cases, spare, none: '' }
  return { ...ids, photo: photoName }
}

const routesOf = (app: FastifyInstance): readonly string[] => {
  const found: string[] = []
  const prefixes: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([│ ]*)[├└]── (\S+) \(/.exec(line)
    if (match === null) continue
    const depth = (match[1] ?? '').length / 4
    prefixes.length = depth
    prefixes.push(match[2] ?? '')
    found.push(prefixes.join('').replace('//', '/'))
  }
  return found
}

t.test('the table of this suite names every route of the server', async (t) => {
  const { app } = await testApp(t)
  await app.ready()
  const named = new Set([...WITHOUT_TENANT, ...LINES.map(({ path }) => path.split('?')[0])])
  t.strictSame(
    routesOf(app).filter((route) => !named.has(route)),
    [],
  )
})

const eventsOf = async (rig: TestApp, tenantId: TenantId): Promise<string> => {
  const { events } = await rig.ports.eventStore.readAll({
    after: 0,
    limit: 2_000,
    filter: { tenantId },
  })
  return JSON.stringify(events)
}

for (const publicReads of [true, false]) {
  const title = `no request of tenant A reads or changes what is tenant B's (PUBLIC_READS=${publicReads})`
  t.test(title, async (t) => {
    const rig = await testApp(t, { settings: { publicReads } })
    const theirs = await furnish(rig, B, MARK)
    const mine = await furnish(rig, A, 'Own')
    await rig.settled()
    const before = await eventsOf(rig, B)
    const scopes = ['admin'] as const
    const headersOf = {
      own: { ...(await rig.bearer({ tenants: [A], scopes })), 'x-tenant-id': A },
      none: await rig.bearer({ tenants: [A], scopes }),
      foreign: { ...(await rig.bearer({ tenants: [A], scopes })), 'x-tenant-id': B },
      upper: { ...(await rig.bearer({ tenants: [A], scopes })), 'x-tenant-id': B.toUpperCase() },
      twice: { ...(await rig.bearer({ tenants: [A], scopes })), 'x-tenant-id': `${A}, ${B}` },
    }
    const reached = new Set<string>()
    for (const { line, form, as, naming } of everyRequest(Object.keys(headersOf))) {
      const path = line.path.replace(':id', form(theirs[line.about])).replace(':name', theirs.photo)
      const isQuery = naming === 'query'
      const answer = await send(rig.app, {
        method: line.method,
        url: isQuery ? `${path}${path.includes('?') ? '&' : '?'}tenantId=${B}` : path,
        headers: headersOf[as as keyof typeof headersOf],
        ...(line.body === undefined
          ? {}
          : { payload: { ...line.body, ...line.names?.(theirs), ...smuggled(naming, theirs) } }),
      })
      // What the request itself said comes back in links and problems.
      const said = (answer.body + JSON.stringify(answer.headers)).replaceAll(`q=${MARK}`, 'q=')
      const what = `${line.method} ${path} as ${as} naming ${naming}`
      if (said.includes(MARK)) throw new Error(`${what} told: ${said.slice(0, 400)}`)
      if (answer.statusCode >= 500) throw new Error(`${what} failed: ${said.slice(0, 400)}`)
      if (answer.statusCode < 300) reached.add(`${line.method} ${line.path}`)
    }
    t.equal(await eventsOf(rig, B), before, 'the log of tenant B is what it was')
    t.ok(reached.size >= 5, `requests got through to their routes: ${[...reached].join(', ')}`)

    const own = await rig.app.inject({ url: `/v1/pets/${mine.pet}`, headers: headersOf.own })
    t.equal(own.statusCode, 200, 'and tenant A still reads its own')
  })
}

t.test("a user of tenant A does not sign in at tenant B, nor one of B's at A", async (t) => {
  const rig = await testApp(t)
  await furnish(rig, B, MARK)
  const payload = { username: `${MARK}-user`, password: 'the right password' }
  const at = (tenant: string) =>
    send(rig.app, {
      method: 'POST',
      url: '/v1/auth/tokens',
      headers: { 'x-tenant-id': tenant },
      payload,
    })
  t.equal((await at(B)).statusCode, 200)
  t.equal((await at(A)).statusCode, 401)
})
