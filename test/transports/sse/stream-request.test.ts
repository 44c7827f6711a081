// How a stream is asked for: where it starts, what it filters, who may see what, and how it is refused.
import { connect } from 'node:net'
import t from 'tap'
import { petAdmitted } from '../../../src/events/pet.ts'
import {
  OTHER_TENANT,
  settle,
  SHARED_TENANT,
  TENANT,
  until,
  write,
  writeMany,
} from '../feed/harness.ts'
import { openStream, principal, sequencesOf, sseHarness, STAFF } from './harness.ts'

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

t.test(
  'without after it starts now; Last-Event-ID wins over the parameters, which win in turn',
  async (t) => {
    const { url, store, cursors, feed } = await sseHarness(t, { before: (s) => writeMany(s, 9) })
    const at = (position: number) => cursors.encode(TENANT, position)
    const cases = [
      ['', {}, 10],
      [`?after=${at(8)}`, {}, 9],
      [`?last_event_id=${at(7)}&after=${at(8)}`, {}, 8],
      [`?lastEventId=${at(6)}&after=${at(8)}`, {}, 7],
      [`?lastEventId=${at(6)}&after=${at(8)}`, { 'last-event-id': at(3) }, 4],
      [`?after=${at(5)}`, { 'last-event-id': '' }, 6],
    ] as const
    const streams = []
    for (const [query, headers] of cases) {
      const init = { headers: { ...STAFF, ...headers } }
      streams.push(await openStream(`${url}/v1/events/stream${query}`, init))
    }
    await settle(feed, store)
    await write(store)
    for (const [index, [query, , first]] of cases.entries()) {
      const stream = streams[index]
      if (stream === undefined) throw new Error('no stream')
      await until(() => sequencesOf(stream).at(-1) === 10, `the last event of ${query}`)
      t.strictSame(sequencesOf(stream), range(first, 10), query)
      stream.close()
    }
  },
)

t.test('QUERY and POST take the filter as a body', async (t) => {
  const { url, store } = await sseHarness(t, {
    before: async (store) => {
      for (const type of ['pet.adopted', 'pet.updated', 'shelter.updated']) {
        for (const id of ['a', 'b']) await write(store, { type, id })
      }
    },
  })
  for (const method of ['QUERY', 'POST']) {
    const stream = await openStream(`${url}/v1/events/stream`, {
      method,
      headers: { ...STAFF, 'content-type': 'application/json' },
      body: JSON.stringify({ types: ['pet.*'], subjects: ['pets/b'], after: 'earliest' }),
    })
    await until(() => stream.events().length === 2, `events by ${method}`)
    t.strictSame(sequencesOf(stream), [2, 4], method)
    stream.close()
  }
  const wrong = await fetch(`${url}/v1/events/stream`, {
    method: 'POST',
    headers: { ...STAFF, 'content-type': 'application/json' },
    body: JSON.stringify({ breed: ['PUG'] }),
  })
  t.equal(wrong.status, 422, 'a filter that is not known is refused, not overlooked')
  t.match(await wrong.json(), { errors: [{ field: 'breed', code: 'UNKNOWN_FIELD' }] })
  await write(store)
})

t.test('HEAD answers the headers alone and OPTIONS names the methods', async (t) => {
  const { url, feed } = await sseHarness(t)
  const head = await fetch(`${url}/v1/events/stream`, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.headers.get('content-type'), 'text/event-stream')
  t.match(feed.stats(), { live: 0, catchUp: 0 })
  const options = await fetch(`${url}/v1/events/stream`, { method: 'OPTIONS' })
  t.equal(options.status, 204)
  t.equal(options.headers.get('allow'), 'GET, HEAD, QUERY, POST, OPTIONS')
  t.equal(options.headers.get('accept-query'), 'application/json')
})

t.test(
  'who may see what: the shared pool is open, a tenant wants its token, its staff see more',
  async (t) => {
    const before = async (store: Parameters<typeof write>[0]) => {
      for (const tenantId of [TENANT, OTHER_TENANT, SHARED_TENANT]) {
        await write(store, { tenantId, type: 'pet.adopted' })
        await write(store, { tenantId, type: 'user.registered' })
      }
    }
    const staff = await sseHarness(t, { before })
    const adopter = await sseHarness(t, { before, principal: principal(['read:pets']) })
    const token = { authorization: 'Bearer t' }
    const see = async (url: string, headers: Record<string, string>) => {
      const stream = await openStream(`${url}/v1/events/stream?after=earliest`, { headers })
      if (stream.response.status !== 200) return stream.response.status
      await until(() => stream.events().length > 0, 'an event')
      // The second one, if visible, travels in the same piece as the first.
      const seen = stream.events().map(({ type, data }) => `${type} ${String('adopterId' in data)}`)
      stream.close()
      return seen
    }
    const open = ['pet.adopted false']
    const whole = ['pet.adopted true', 'user.registered false']
    t.strictSame(await see(staff.url, {}), open)
    t.strictSame(
      await see(staff.url, token),
      open,
      'a token of elsewhere opens no more of the pool',
    )
    t.strictSame(await see(staff.url, { 'x-tenant-id': TENANT }), 401)
    t.strictSame(await see(staff.url, { ...token, 'x-tenant-id': OTHER_TENANT }), 403)
    t.strictSame(await see(staff.url, { ...token, 'x-tenant-id': TENANT }), whole)
    t.strictSame(await see(adopter.url, { ...token, 'x-tenant-id': TENANT }), open)
  },
)

t.test(
  'a cursor that is broken or of another tenant is 400; one of an earlier log is told of the gap',
  async (t) => {
    const { url, store, feed, cursors } = await sseHarness(t, { before: (s) => writeMany(s, 4) })
    for (const cursor of ['nonsense', cursors.encode(OTHER_TENANT, 2)]) {
      const answer = await fetch(`${url}/v1/events/stream?after=${cursor}`, { headers: STAFF })
      t.equal(answer.status, 400, cursor)
    }
    const old = cursors.encode(TENANT, 2).replace(/^1/, '7')
    const stream = await openStream(`${url}/v1/events/stream?after=${old}`, { headers: STAFF })
    await until(() => stream.named('gap').length === 1, 'the gap')
    const head = cursors.encode(TENANT, 4)
    t.match(stream.named('gap'), [
      { reason: 'other_epoch', resumedFrom: head, earliest: 'earliest', snapshot: '/v1/pets' },
    ])
    t.equal(stream.response.headers.get('event-resumed-from'), head)
    await until(() => feed.stats().live === 1, 'live')
    await write(store)
    await until(() => stream.events().length === 1, 'what comes after')
    t.strictSame(sequencesOf(stream), [5], 'nothing is replayed in part')
    stream.close()
  },
)

t.test('what cannot be understood is refused by name', async (t) => {
  const { url } = await sseHarness(t)
  for (const query of ['types=PET!', 'subject=pets', 'species=DRAGON', 'checkpoints=maybe']) {
    const answer = await fetch(`${url}/v1/events/stream?${query}`)
    t.equal(answer.status, 400, query)
    t.match(await answer.json(), { errors: [{}] })
  }
})

t.test(
  'too many streams of one caller are 429, too many in all 503, with Retry-After',
  async (t) => {
    for (const [settings, status] of [
      [{ subscriptionsPerPrincipal: 1 }, 429],
      [{ subscriptionsPerTenant: 1 }, 429],
      [{ subscriptions: 1 }, 503],
    ] as const) {
      const { url } = await sseHarness(t, { settings })
      const first = await openStream(`${url}/v1/events/stream`, { headers: STAFF })
      const second = await fetch(`${url}/v1/events/stream`, { headers: STAFF })
      t.equal(second.status, status)
      t.ok(Number(second.headers.get('retry-after')) > 0)
      first.close()
    }
  },
)

t.test(
  'shelter and species choose by what the pet is, in parameters, bodies and pages',
  async (t) => {
    const { url, store, feed } = await sseHarness(t)
    const { sample } = petAdmitted
    const admit = (id: string, species: 'DOG' | 'CAT', shelterId: string) =>
      write(store, {
        ...{ id, type: 'pet.admitted' },
        data: { ...sample, profile: { ...sample.profile, species, shelterId } },
      })
    await admit('a', 'DOG', 's1')
    await admit('b', 'CAT', 's1')
    await admit('c', 'DOG', 's2')
    for (const id of ['a', 'b', 'c']) await write(store, { id, type: 'pet.status_changed' })
    await settle(feed, store)
    const path = `${url}/v1/events/stream?after=earliest`
    const body = { shelters: ['s1'], species: ['dog'] }
    for (const [place, init, wanted] of [
      [`${path}&species=dog`, {}, [1, 3, 4, 6]],
      [`${path}&shelter=s1`, {}, [1, 2, 4, 5]],
      [`${path}&shelter=s2,s1&species=CAT`, {}, [2, 5]],
      [path, { method: 'QUERY', body: JSON.stringify(body) }, [1, 4]],
      [path, { method: 'POST', body: JSON.stringify(body) }, [1, 4]],
    ] as const) {
      const headers = {
        ...STAFF,
        ...('body' in init ? { 'content-type': 'application/json' } : {}),
      }
      const stream = await openStream(place, { ...init, headers })
      await until(() => stream.eventCount() === wanted.length, place)
      t.strictSame(sequencesOf(stream), wanted)
      stream.close()
    }
    const page = await fetch(`${url}/v1/events?species=DOG&shelter=s2`, { headers: STAFF })
    const { data } = (await page.json()) as { data: { subject: string }[] }
    t.strictSame(
      data.map(({ subject }) => subject),
      ['pets/c', 'pets/c'],
    )
    const bad = await fetch(`${path}&species=DRAGON`, { headers: STAFF })
    t.equal(bad.status, 400)
    t.match(await bad.json(), { errors: [{ field: 'species' }] })
  },
)

t.test(
  'what proxies of HTTP/1.1 need: no length, no buffering, no change, and a beat',
  async (t) => {
    const { port } = await sseHarness(t, { settings: { heartbeatMs: 20 } })
    const socket = connect({ port, host: '127.0.0.1' })
    t.teardown(() => socket.destroy())
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.write('GET /v1/events/stream HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n')
    await until(() => text.includes('\n:\n\n'), 'a heartbeat')
    const [head = ''] = text.split('\r\n\r\n')
    t.match(head, /^HTTP\/1.1 200 OK/)
    t.match(head, /\r\ncontent-type: text\/event-stream\r\n/i)
    t.match(head, /\r\ncache-control: no-store, no-transform\r\n/i)
    t.match(head, /\r\nx-accel-buffering: no\r\n/i)
    t.match(head, /\r\ntransfer-encoding: chunked/i)
    t.match(head, /\r\nconnection: close/i)
    t.notMatch(head, /content-length|content-encoding/i)
  },
)
