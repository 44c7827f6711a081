// The stored feed in pages: walked by links and cursors, cached when full, waited for by a long poll.
import { CloudEvent } from 'cloudevents'
import t from 'tap'
import { OTHER_TENANT, TENANT, until, write, writeMany } from '../feed/harness.ts'
import { sseHarness, STAFF } from './harness.ts'

type Page = {
  data: { sequence: string; type: string }[]
  nextCursor: string
  upToDate: boolean
}

const get = async (url: string, headers: Record<string, string> = STAFF) => {
  const response = await fetch(url, { headers })
  return { response, page: (await response.json()) as Page }
}

t.test(
  'pages are walked by their next link to the end, and every item is a CloudEvent',
  async (t) => {
    const { url, store, cursors } = await sseHarness(t, { before: (s) => writeMany(s, 7) })
    await write(store, { tenantId: OTHER_TENANT })
    let next = `${url}/v1/events?limit=3&types=pet.*`
    const sequences: number[] = []
    const ends: boolean[] = []
    for (let n = 0; n < 4; n += 1) {
      const { response, page } = await get(next)
      for (const event of page.data) t.ok(new CloudEvent(event, true))
      sequences.push(...page.data.map(({ sequence }) => Number(sequence)))
      ends.push(page.upToDate)
      t.equal(response.headers.get('event-cursor'), page.nextCursor)
      const link = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1] ?? ''
      t.match(link, /limit=3/)
      next = url + link
    }
    t.strictSame(sequences, [1, 2, 3, 4, 5, 6, 7])
    t.strictSame(ends, [false, false, true, true])
    const now = await get(`${url}/v1/events?after=now`)
    t.match(now.page, { data: [], upToDate: true, nextCursor: cursors.encode(TENANT, 8) })
  },
)

t.test('a full page after a cursor may be kept for ever, the tail not at all', async (t) => {
  const { url, cursors } = await sseHarness(t, { before: (s) => writeMany(s, 5) })
  const after = cursors.encode(TENANT, 1)
  const full = await get(`${url}/v1/events?limit=2&after=${after}`)
  const etag = full.response.headers.get('etag') ?? ''
  t.equal(full.response.headers.get('cache-control'), 'private, max-age=31536000, immutable')
  t.match(full.response.headers.get('vary'), /Authorization, X-Tenant-ID/)
  const again = await fetch(`${url}/v1/events?limit=2&after=${after}`, {
    headers: { ...STAFF, 'if-none-match': etag },
  })
  t.equal(again.status, 304)
  const first = await get(`${url}/v1/events?limit=2`)
  t.equal(first.response.headers.get('cache-control'), 'private, no-cache', 'a word is no cursor')
  const tail = await get(`${url}/v1/events?limit=9&after=${after}`)
  t.equal(tail.response.headers.get('cache-control'), 'no-store')
  t.equal(tail.response.headers.get('etag'), null)
})

t.test(
  'an event that was just written is in the page, though the live reader has not seen it',
  async (t) => {
    const { url, store } = await sseHarness(t)
    for (let n = 1; n <= 20; n += 1) {
      await write(store)
      const { page } = await get(`${url}/v1/events?limit=500`)
      t.equal(page.data.length, n)
    }
  },
)

t.test('a long poll answers with the first event that its filter lets through', async (t) => {
  const { url, store, feed } = await sseHarness(t, { before: (s) => writeMany(s, 3) })
  const asked = get(`${url}/v1/events?after=now&types=pet.adopted&wait=25`)
  await until(() => feed.stats().live === 1, 'the poll waits')
  await write(store)
  await write(store, { type: 'pet.adopted' })
  const { page } = await asked
  t.match(page, { data: [{ type: 'pet.adopted', sequence: /5$/ }], upToDate: true })
  t.match(feed.stats(), { live: 0, catchUp: 0 })
})

t.test('a long poll ends empty at its time, at stop, and with its client', async (t) => {
  const { url, feed } = await sseHarness(t)
  const { page } = await get(`${url}/v1/events?wait=1`)
  t.match(page, { data: [], upToDate: true })
  const aborter = new AbortController()
  const left = fetch(`${url}/v1/events?wait=25`, { signal: aborter.signal })
  await until(() => feed.stats().live === 1, 'the poll waits')
  aborter.abort()
  await t.rejects(left)
  await until(() => feed.stats().live === 0, 'nobody waits')
  const stopped = get(`${url}/v1/events?wait=25`)
  await until(() => feed.stats().live === 1, 'the next waits')
  await feed.stop()
  t.match((await stopped).page, { data: [] })
})

t.test('a broken cursor is 400, a foreign one too, one of an earlier log 410', async (t) => {
  const { url, cursors } = await sseHarness(t, { before: (s) => writeMany(s, 3) })
  const ask = (after: string) => fetch(`${url}/v1/events?after=${after}`, { headers: STAFF })
  t.equal((await ask('nonsense')).status, 400)
  t.equal((await ask(cursors.encode(OTHER_TENANT, 1))).status, 400)
  const gone = await ask(cursors.encode(TENANT, 1).replace(/^1/, '7'))
  t.equal(gone.status, 410)
  t.match(gone.headers.get('link'), /rel="first".*rel="snapshot"/)
  t.match(await gone.json(), { type: /gone$/ })
})

t.test('limit, wait and unknown parameters are held to their bounds', async (t) => {
  const { url } = await sseHarness(t)
  for (const query of ['limit=0', 'limit=501', 'limit=x', 'wait=26', 'breed=pug']) {
    t.equal((await fetch(`${url}/v1/events?${query}`)).status, 400, query)
  }
  const refused: Readonly<Record<string, string>> = {
    'limit=501': 'limit OUT_OF_RANGE',
    'limit=x': 'limit INVALID_FORMAT',
    'limit=1&limit=2': 'limit INVALID_FORMAT',
    'breed=pug&access_token=s3cret': 'breed UNKNOWN_FIELD, access_token UNKNOWN_FIELD',
    'types=PET!': 'types INVALID_FORMAT',
    'subject=pets': 'subject INVALID_FORMAT',
    'shelter=a%20b': 'shelter INVALID_FORMAT',
    'species=DRAGON': 'species INVALID_ENUM_VALUE',
    [`types=${'pet.*,'.repeat(51)}`]: 'types TOO_LONG',
    'after=nonsense': 'after INVALID_FORMAT',
  }
  for (const [query, named] of Object.entries(refused)) {
    const answer = await fetch(`${url}/v1/events?${query}`)
    const { errors } = (await answer.json()) as { errors: Record<string, string>[] }
    t.equal(errors.map(({ field, code }) => `${field} ${code}`).join(', '), named, query)
  }
  t.equal((await fetch(`${url}/v1/events`, { method: 'HEAD' })).status, 200)
  const options = await fetch(`${url}/v1/events`, { method: 'OPTIONS' })
  t.equal(options.headers.get('allow'), 'GET, HEAD, OPTIONS')
})

t.test('a page hides what a stream hides', async (t) => {
  const { url } = await sseHarness(t, {
    before: async (store) => {
      await write(store, { type: 'pet.adopted' })
      await write(store, { type: 'user.registered' })
    },
  })
  t.equal((await get(`${url}/v1/events`)).page.data.length, 2)
  const anonymous = await fetch(`${url}/v1/events`, { headers: { 'x-tenant-id': TENANT } })
  t.equal(anonymous.status, 401)
})
