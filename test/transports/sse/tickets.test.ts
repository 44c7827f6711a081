// Tickets: what an EventSource shows in place of a token. Good once, then for its own stream alone.
import { EventSource } from 'eventsource'
import t from 'tap'
import { fixedClock } from '../../support/fixed-clock.ts'
import {
  OTHER_TENANT,
  settle,
  SHARED_TENANT,
  TENANT,
  until,
  write,
  writeMany,
} from '../feed/harness.ts'
import { openStream, principal, spoken, sseHarness, STAFF } from './harness.ts'

type Ticket = Readonly<{ ticket: string; url: string; expiresAt: string }>

const JSON_TYPE = { 'content-type': 'application/json' }

const ask = (url: string, body: object = {}, headers: Record<string, string> = STAFF) =>
  fetch(`${url}/v1/events/tickets`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  })

const ticketFor = async (url: string, body: object = {}): Promise<Ticket> => {
  const response = await ask(url, body)
  if (response.status !== 201) throw new Error(await response.text())
  return (await response.json()) as Ticket
}

t.test(
  'an EventSource opens with a ticket alone, and comes back with it after a drop',
  async (t) => {
    const { url, store, sockets } = await sseHarness(t, { random: () => 0 })
    const ticket = await ticketFor(url, { types: ['pet.*'] })
    const source = new EventSource(url + ticket.url) // no header of ours, as in a browser
    t.teardown(() => {
      source.close()
    })
    const got: number[] = []
    let readies = 0
    source.onmessage = ({ data }) => got.push(Number(spoken(String(data)).sequence))
    source.addEventListener('ready', () => (readies += 1))
    await until(() => readies === 1, 'ready')
    await writeMany(store, 2)
    await write(store, { type: 'shelter.updated' })
    await until(() => got.length === 2, 'live, of its tenant and filter')
    for (const socket of sockets()) socket.destroy()
    await writeMany(store, 2)
    await until(() => got.length === 4, 'what came while it was away')
    t.strictSame(got, [1, 2, 4, 5])
    t.equal(readies, 2)
  },
)

t.test('a ticket carries who asked: tenant and class are those of its token', async (t) => {
  const { url, store } = await sseHarness(t)
  const ticket = await ticketFor(url, { after: 'earliest' })
  await write(store, { type: 'user.registered', id: 'u9' }) // hidden from the public
  await write(store, { tenantId: OTHER_TENANT })
  await write(store, { tenantId: SHARED_TENANT })
  await write(store)
  const stream = await openStream(url + ticket.url, { headers: { 'x-tenant-id': OTHER_TENANT } })
  await until(() => stream.eventCount() === 2, 'its events')
  t.strictSame(
    stream.events().map(({ type, sequence }) => [type, Number(sequence)]),
    [
      ['user.registered', 1],
      ['pet.updated', 4],
    ],
  )
  stream.close()
})

t.test('it is refused after 30 seconds unused, and when it is none', async (t) => {
  const clock = fixedClock()
  const { url } = await sseHarness(t, { clock })
  const late = await ticketFor(url)
  t.equal(late.expiresAt, new Date(clock() + 30_000).toISOString())
  t.match(late.ticket, /^[\w-]{43}$/, '256 random bits')
  clock.advance(29_999)
  t.equal((await fetch(url + late.url, { method: 'HEAD' })).status, 200, 'HEAD uses nothing up')
  clock.advance(1)
  for (const path of [late.url, '/v1/events/stream?ticket=guess']) {
    const { response } = await openStream(url + path)
    t.equal(response.status, 401)
    t.match(await response.json(), { type: /unauthorized/ })
  }
})

t.test('once used it serves its own stream alone, until 60 seconds after a drop', async (t) => {
  const clock = fixedClock()
  const { url, store, feed, cursors } = await sseHarness(t, { clock })
  await writeMany(store, 3)
  await settle(feed, store)
  const { url: path } = await ticketFor(url)
  const first = await openStream(url + path)
  await until(() => first.named('ready').length === 1, 'ready')
  const again = (cursor?: string) =>
    openStream(url + path, cursor === undefined ? {} : { headers: { 'last-event-id': cursor } })
  const here = cursors.encode(TENANT, 3)
  t.equal((await again()).response.status, 401, 'who shows no cursor')
  t.equal((await again('nonsense')).response.status, 401)
  t.equal((await again(cursors.encode(OTHER_TENANT, 3))).response.status, 401)
  t.equal((await again(cursors.encode(TENANT, 2))).response.status, 401, 'from before it began')
  t.notOk(first.isEnded(), 'and none of these disturbed it')
  const second = await again(here)
  t.equal(second.response.status, 200, 'a browser that noticed the drop before the server did')
  await until(() => first.isEnded(), 'the old one ends')
  await until(() => feed.stats().connections === 1, 'one stream a ticket')
  second.close()
  await until(() => feed.stats().connections === 0, 'the drop')
  clock.advance(59_999)
  const third = await again(here)
  t.equal(third.response.status, 200)
  third.close()
  await until(() => feed.stats().connections === 0, 'the drop')
  clock.advance(60_000)
  t.equal((await again(here)).response.status, 401)
})

t.test('a stream whose token expired says bye, and its EventSource stays away', async (t) => {
  const clock = fixedClock()
  const { url, feed } = await sseHarness(t, {
    ...{ clock, random: () => 0, settings: { heartbeatMs: 20 } },
    principal: principal(['read:events'], { expiresAtMs: clock() + 100_000 }),
  })
  const ticket = await ticketFor(url)
  const statuses: number[] = []
  const source = new EventSource(url + ticket.url, {
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      statuses.push(response.status)
      return response
    },
  })
  t.teardown(() => {
    source.close()
  })
  const byes: unknown[] = []
  source.addEventListener('bye', ({ data }) => byes.push(JSON.parse(String(data))))
  await until(() => feed.stats().live === 1, 'the stream')
  clock.advance(100_000)
  await until(() => byes.length === 1, 'bye')
  t.match(byes, [{ reason: 'token_expired', delivered: 0, retryAfterMs: 1_000 }])
  await until(() => source.readyState === EventSource.CLOSED, 'it gives up')
  t.strictSame(statuses, [200, 204], 'it came back once and was told to stop')
})

t.test('the deletion of a user ends the stream within that event, for good', async (t) => {
  const { url, store, feed } = await sseHarness(t)
  const ticket = await ticketFor(url)
  const byTicket = await openStream(url + ticket.url)
  const byToken = await openStream(`${url}/v1/events/stream`, { headers: STAFF })
  await until(() => feed.stats().live === 2, 'both streams')
  await write(store, { type: 'user.deleted', id: 'u1' })
  for (const stream of [byTicket, byToken]) {
    await until(() => stream.isEnded(), 'the end')
    const [bye] = stream.named('bye')
    t.match(bye, { reason: 'revoked', delivered: 0 })
    t.notOk('retryAfterMs' in (bye ?? {}))
  }
  t.equal((await fetch(url + ticket.url)).status, 204)
  t.equal((await fetch(`${url}/v1/events/stream`, { headers: STAFF })).status, 401)
})

t.test('asking for one is refused without a token, with a bad filter, and too often', async (t) => {
  const limits = { ticketsPerPrincipal: 2, ticketsPerTenant: 3, tickets: 3 }
  const clock = fixedClock()
  const { url } = await sseHarness(t, { sse: limits, clock })
  t.equal((await ask(url, {}, {})).status, 401)
  t.equal((await ask(url, {}, { 'x-tenant-id': TENANT })).status, 401)
  t.equal((await ask(url, { types: ['!'] })).status, 422)
  t.equal((await ask(url, { species: ['DRAGON'] })).status, 422)
  t.equal((await ask(url, { after: 'nonsense' })).status, 400)
  t.equal((await ask(url, { token: 'secret' })).status, 422)
  const answer = await ask(url)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  const stream = ((await answer.json()) as Ticket).url
  t.equal(answer.headers.get('location'), stream, 'what was made is a stream of its own')
  t.equal((await ask(url)).status, 201)
  const refused = await ask(url)
  t.equal(refused.status, 429)
  t.equal(refused.headers.get('retry-after'), '30')
  t.match(await refused.json(), { detail: /tickets of this caller/ })
  clock.advance(30_000)
  t.equal((await ask(url)).status, 201, 'those that were never used have gone')
})

t.test('no token may be in a URL, and nothing beside a ticket', async (t) => {
  const { url } = await sseHarness(t)
  const { url: path } = await ticketFor(url)
  for (const name of ['access_token', 'token']) {
    for (const place of ['/v1/events', '/v1/events/stream']) {
      const response = await fetch(`${url}${place}?${name}=s3cret`, { headers: STAFF })
      t.equal(response.status, 400, `${place} ${name}`)
      const { errors } = (await response.json()) as { errors: unknown }
      t.notMatch(JSON.stringify(errors), /s3cret/)
    }
    const response = await fetch(`${url}/v1/events/tickets?${name}=s3cret`, {
      method: 'POST',
      headers: STAFF,
    })
    t.equal(response.status, 400)
  }
  const beside = await fetch(`${url}${path}&types=pet.*`)
  t.equal(beside.status, 400)
  t.match(await beside.json(), { errors: [{ field: 'types', code: 'INVALID_VALUE' }] })
  t.equal((await fetch(`${url}${path}&shelter=s1`)).status, 400)
  t.equal((await fetch(url + path, { headers: STAFF })).status, 400)
  t.equal((await fetch(url + path, { method: 'POST' })).status, 400)
  const stream = await openStream(url + path)
  t.equal(stream.response.status, 200, 'and none of these used it up')
  stream.close()
})
