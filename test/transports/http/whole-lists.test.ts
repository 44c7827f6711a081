// Lists that are walked to their end: by cursor, by the Link field and by page one gets the plain list, and nobody gets
// on with a cursor of another tenant or another list.
import fc from 'fast-check'
import t from 'tap'
import { tenantIdSchema } from '../../../src/core/ids.ts'
import { type Headers, httpApp, PUBLIC_URL } from './http-app.ts'

const rig = await httpApp(t)
const { app } = rig
const SCOPES = ['read:pets', 'write:pets', 'read:audit', 'read:webhooks', 'write:webhooks'] as const
const HOOK = { url: 'https://hooks.example.com/', events: ['pet.*'] }

const memberOf = async (last: string): Promise<Headers> => {
  const tenantId = tenantIdSchema.parse(`0199f3a0-7c1e-7a01-8000-0000000000${last}`)
  const bearer = await rig.bearer({ tenants: [tenantId], scopes: SCOPES })
  return { ...bearer, 'x-tenant-id': tenantId }
}
const ours = await memberOf('c1')
const theirs = await memberOf('c2')

type Page = Readonly<{
  data: readonly Readonly<Record<string, unknown>>[]
  pagination: Readonly<Record<string, unknown>>
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

const fill = async (headers: Headers, size: number): Promise<string> => {
  for (let index = 0; index < size; index += 1) {
    await send('POST', '/v1/shelters', { headers, payload: { name: `Quay ${index}` } })
    await send('POST', '/v1/webhooks', { headers, payload: HOOK })
  }
  const pet = (await rig.admit({}, headers)).url
  for (let index = 1; index < size; index += 1) {
    await send('PATCH', pet, { headers, payload: { ageMonths: index } })
  }
  await rig.settled()
  return `${pet}/history`
}
const ourHistory = await fill(ours, 7)
const theirHistory = await fill(theirs, 3)
const LISTS = ['/v1/shelters', '/v1/webhooks'] as const

t.test(
  'shelters, webhooks and histories are walked to the end, whatever the page size',
  async (t) => {
    for (const [headers, size, history] of [
      [ours, 7, ourHistory],
      [theirs, 3, theirHistory],
    ] as const) {
      for (const list of [...LISTS, history]) {
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
    const lists = [...LISTS, ourHistory]
    for (const list of lists) {
      const others = await Promise.all(
        lists.filter((each) => each !== list).map((each) => cursorOf(each)),
      )
      const foreign = await cursorOf(list === ourHistory ? theirHistory : list, theirs)
      for (const cursor of ['broken', 'a b', foreign, ...others]) {
        const url = `${list}?cursor=${encodeURIComponent(cursor)}`
        t.strictSame(await refused(url, ours), [400, 'cursor INVALID_FORMAT'], url)
      }
      t.strictSame(await refused(`${list}?cursor=&page=2`, ours), [400, 'cursor INVALID_VALUE'])
      t.strictSame(await refused(`${list}?page=0`, ours), [400, 'page OUT_OF_RANGE'])
    }
    t.strictSame(await refused(`${ourHistory}?after=1&cursor=`, ours), [400, 'after INVALID_VALUE'])
    t.strictSame(await refused(`${ourHistory}?after=1&page=1`, ours), [400, 'after INVALID_VALUE'])
    const cursor = await cursorOf(theirHistory, theirs)
    t.equal(
      (await app.inject({ url: `${theirHistory}?cursor=${cursor}`, headers: ours })).statusCode,
      404,
    )
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
