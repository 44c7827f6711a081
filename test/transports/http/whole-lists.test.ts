// Lists that are walked to their end: by cursor, by the Link field and by page one gets the plain list, and nobody gets
// on with a cursor of another tenant or another list.
import fc from 'fast-check'
import t from 'tap'
import { tenantIdSchema } from '../../../src/core/ids.ts'
import { type Headers, httpApp, PUBLIC_URL } from './http-app.ts'

const rig = await httpApp(t)
const { app } = rig
const SCOPES = ['read:pets', 'write:pets', 'read:audit', 'read:webhooks', 'write:webhooks'] as const
const CALL = {
  ...{ type: 'pet.admitted', subject: 'pets/1', position: 1, attempt: 1, outcome: 'delivered' },
  ...{ at: '2026-11-30T10:00:00.000Z', detail: '', status: 200, durationMs: 1, answer: '' },
  ...{ times: { totalMs: 1 }, secretIds: [], nextAttemptAt: null },
}
const HOOK = { url: 'https://hooks.example.com/', events: ['pet.removed'] } // which does not happen here

const memberOf = async (last: string): Promise<Headers> => {
  const tenantId = tenantIdSchema.parse(`0199f3a0-7c1e-7a01-8000-0000000000${last}`)
  const bearer = await rig.bearer({ tenants: [tenantId], scopes: SCOPES })
  return { ...bearer, 'x-tenant-id': tenantId }
}
const ours = await memberOf('c1')
const theirs = await memberOf('c2')
const mine = await memberOf('c3')

type Page = Readonly<{
  data: readonly Readonly<Record<string, unknown>>[]
  pagination: Readonly<Record<string, unknown>>
  next?: unknown
}>
type Read = Readonly<{ page: Page; link: string }>

const read = async (url: string, headers: Headers): Promise<Read> => {
  const answer = await app.inject({ url, headers })
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.body}`)
  return { page: answer.json<Page>(), link: String(answer.headers.link) }
}
const refused = async (url: string, headers: Headers) => {
  const answer = await app.inject({ url, headers })
  const { errors } = answer.json<{ errors?: readonly Record<string, string>[] }>()
  return [answer.statusCode, errors?.map(({ field, code }) => `${field} ${code}`).join()]
}

const send = async (method: 'POST' | 'PATCH' | 'DELETE', url: string, given: object = {}) => {
  const { headers = ours, payload = {} } = given as { headers?: Headers; payload?: object }
  const answer = await app.inject({ method, url, headers, payload })
  if (answer.statusCode >= 300) throw new Error(answer.body)
  return String(answer.headers.location)
}

const walkByCursor = async (list: string, limit: number, headers: Headers) => {
  const seen: Page['data'][number][] = []
  for (let cursor: unknown = ''; cursor !== null;) {
    const { page } = await read(`${list}?limit=${limit}&cursor=${String(cursor)}`, headers)
    seen.push(...page.data)
    cursor = page.pagination['nextCursor']
  }
  return seen
}
const walkByLink = async (first: string, headers: Headers) => {
  const seen: Page['data'][number][] = []
  for (let url: string | undefined = first; url !== undefined;) {
    const { page, link }: Read = await read(url, headers)
    seen.push(...page.data)
    url = /<([^>]*)>; rel="next"/.exec(link)?.[1]?.slice(PUBLIC_URL.length)
  }
  return seen
}

/** Calls to an endpoint, stored together; of one event each, or of the one that is named. */
const logCalls = async (deliveries: string, headers: Headers, eventIds: readonly string[]) => {
  const [, endpointId] = /webhooks\/(.*)\/deliveries/.exec(deliveries) ?? []
  const calls = eventIds.map((eventId) => ({ ...CALL, eventId }))
  await rig.ports.database.query(
    `insert into pawtrail.webhook_attempts (tenant_id, endpoint_id, attempts, count)
      values ($1, $2, $3, $4)`,
    [headers['x-tenant-id'], endpointId, JSON.stringify(calls), calls.length],
  )
}

type Filled = Readonly<{ history: string; deliveries: string }>
const fill = async (headers: Headers, size: number): Promise<Filled> => {
  let deliveries = ''
  for (let index = 0; index < size; index += 1) {
    await send('POST', '/v1/shelters', { headers, payload: { name: `Quay ${index}` } })
    deliveries = `${await send('POST', '/v1/webhooks', { headers, payload: HOOK })}/deliveries`
  }
  await logCalls(deliveries, headers, ['first'])
  await logCalls(deliveries, headers, Array<string>(size - 1).fill('again'))
  const pet = (await rig.admit({}, headers)).url
  for (let index = 1; index < size; index += 1) {
    await send('PATCH', pet, { headers, payload: { ageMonths: index } })
  }
  await rig.settled()
  return { history: `${pet}/history`, deliveries }
}
const our = await fill(ours, 7)
const their = await fill(theirs, 3)
const LISTS = ['/v1/shelters', '/v1/webhooks'] as const

t.test(
  'shelters, webhooks, histories and deliveries are walked to the end, whatever the page size',
  async (t) => {
    for (const [headers, size, { history, deliveries }] of [
      [ours, 7, our],
      [theirs, 3, their],
    ] as const) {
      for (const list of [...LISTS, history, deliveries]) {
        const { page } = await read(`${list}?limit=100`, headers)
        t.equal(page.data.length, size, list)
        t.match(page.pagination, { page: 1, limit: 100, totalItems: size, totalPages: 1 })
        t.notOk('nextCursor' in page.pagination)
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 1, max: 8 }), async (limit) => {
            t.strictSame(await walkByCursor(list, limit, headers), page.data)
            t.strictSame(await walkByLink(`${list}?limit=${limit}`, headers), page.data)
            t.strictSame(await walkByLink(`${list}?limit=${limit}&cursor=`, headers), page.data)
          }),
          { seed: 20261130, numRuns: 5 },
        )
      }
    }
  },
)

t.test(
  'what is no cursor of this list is refused by name, as is a cursor beside a page',
  async (t) => {
    const cursorOf = async (list: string, headers = ours) =>
      String((await read(`${list}?cursor=&limit=1`, headers)).page.pagination['nextCursor'])
    const lists = [...LISTS, our.history, our.deliveries]
    const foreignOf: Readonly<Record<string, string>> = {
      [our.history]: their.history,
      [our.deliveries]: their.deliveries,
    }
    for (const list of lists) {
      const others = await Promise.all(
        lists.filter((each) => each !== list).map((each) => cursorOf(each)),
      )
      const foreign = await cursorOf(foreignOf[list] ?? list, theirs)
      for (const cursor of ['broken', 'a b', foreign, ...others]) {
        const url = `${list}?cursor=${encodeURIComponent(cursor)}`
        t.strictSame(await refused(url, ours), [400, 'cursor INVALID_FORMAT'], url)
      }
      t.strictSame(await refused(`${list}?cursor=&page=2`, ours), [400, 'cursor INVALID_VALUE'])
      t.strictSame(await refused(`${list}?page=0`, ours), [400, 'page OUT_OF_RANGE'])
    }
    for (const [list, name] of [
      [our.history, 'after'],
      [our.deliveries, 'before'],
    ] as const) {
      for (const other of ['cursor=', 'page=1']) {
        const told = await refused(`${list}?${name}=1&${other}`, ours)
        t.strictSame(told, [400, `${name} INVALID_VALUE`])
      }
    }
    for (const list of [their.history, their.deliveries]) {
      const url = `${list}?cursor=${await cursorOf(list, theirs)}`
      t.equal((await app.inject({ url, headers: ours })).statusCode, 404, url)
    }
  },
)

t.test('a cursor goes on when the item that it stands for was removed', async (t) => {
  for (const list of LISTS) {
    const { page } = await read(`${list}?limit=3&cursor=`, ours)
    const whole = await read(`${list}?limit=100`, ours)
    await send('DELETE', `${list}/${String(page.data[2]?.['id'])}`)
    await rig.settled()
    const rest = await read(
      `${list}?limit=100&cursor=${String(page.pagination['nextCursor'])}`,
      ours,
    )
    t.strictSame(rest.page.data, whole.page.data.slice(3))
  }
})

const step = fc.record({
  arriving: fc.array(fc.constantFrom('one', 'two'), { maxLength: 4 }),
  limit: fc.integer({ min: 1, max: 4 }),
})
const walks = fc.record({
  there: fc.array(fc.array(fc.constantFrom('one', 'two'), { minLength: 1, maxLength: 4 })),
  steps: fc.array(step, { minLength: 1, maxLength: 5 }),
  eventId: fc.option(fc.constant('one'), { nil: undefined }),
  way: fc.constantFrom('cursor', 'before', 'Link' as const),
})

t.test('a walk gives each delivery once, also while new ones come', async (t) => {
  await fc.assert(
    fc.asyncProperty(walks, async ({ there, steps, eventId, way }) => {
      const list = `${await send('POST', '/v1/webhooks', { headers: mine, payload: HOOK })}/deliveries`
      for (const eventIds of there) await logCalls(list, mine, eventIds)
      const filter = eventId === undefined ? '' : `&eventId=${eventId}`
      const whole = (await read(`${list}?limit=100${filter}`, mine)).page
      t.equal(whole.pagination['totalItems'], whole.data.length)
      t.equal(whole.data.length, there.flat().filter((id) => id === (eventId ?? id)).length)
      const seen: Page['data'][number][] = []
      const paths = { cursor: '&cursor=', before: '', Link: '&cursor=' }
      let url: string | undefined = `${list}?limit=1${paths[way]}${filter}`
      for (let turn = 0; url !== undefined; turn += 1) {
        const { arriving = [], limit = 2 } = steps[turn] ?? {}
        const { page, link }: Read = await read(url, mine)
        if (arriving.length > 0) await logCalls(list, mine, arriving)
        seen.push(...page.data)
        const on = (way === 'before' ? page.next : page.pagination['nextCursor']) ?? ''
        const named = `${list}?limit=${limit}&${way}=${String(on)}${filter}`
        if (way === 'Link') url = /<([^>]*)>; rel="next"/.exec(link)?.[1]?.slice(PUBLIC_URL.length)
        else url = on === '' ? undefined : named
      }
      t.strictSame(seen, whole.data)
      await send('DELETE', list.replace('/deliveries', ''), { headers: mine })
    }),
    { seed: 20261130, numRuns: 40 },
  )
})
