// What callers are told when a command cannot be done, or a part behind the server is full, broken or away.
import t from 'tap'
import { Fault } from '../../../src/core/fault.ts'
import {
  disturbedDatabase,
  type DisturbedDatabase,
  disturbedStore,
  type DisturbedStore,
} from './failing-parts.ts'
import { httpApp, LUNA } from './http-app.ts'

let store: DisturbedStore | undefined
let reads: DisturbedDatabase | undefined
const rig = await httpApp(t, {
  ports: ({ eventStore, database, verifier }) => {
    store = disturbedStore(eventStore)
    reads = disturbedDatabase(database)
    return {
      eventStore: store.eventStore,
      database: reads.database,
      searches: { database: reads.database, scans: reads.database },
      verifier: {
        verify: async (token) => {
          if (token !== 'unreachable') return verifier.verify(token)
          throw new Fault('identity_provider_unavailable', 'https://idp.internal timed out')
        },
      },
    }
  },
})
const { app, as, lines } = rig
const staff = as('staff')

type Body = { type: string; detail: string; errors?: { field?: string; code?: string }[] }
type Outcome = NonNullable<DisturbedStore['answer']['next']>

/** A write that the store answers so. */
const writeAnswered = async (answer: Outcome, url: string, payload: object) => {
  if (store === undefined) throw new Error('no store was made')
  store.answer.next = answer
  try {
    return await app.inject({ method: 'PATCH', url, headers: staff, payload })
  } finally {
    store.answer.next = undefined
  }
}

t.test('a write that always meets another is a 409, one that finds no room a 503', async (t) => {
  const { url } = await rig.admit()
  const name = { name: 'Nova' }
  const conflict = await writeAnswered({ kind: 'conflict', actualVersion: 3 }, url, name)
  t.equal(conflict.statusCode, 409)
  const full = await writeAnswered({ kind: 'overloaded', retryAfterMs: 1_200 }, url, name)
  t.equal(full.statusCode, 503)
  t.equal(full.headers['retry-after'], '2')
  t.match((await rig.get(url)).json(), { name: 'Luna' })
})

t.test('a store that is away is a 503; one that broke off tells how to find out', async (t) => {
  const { url } = await rig.admit()
  const gone = new Fault('event_store_unavailable', 'connect to secret-host:5432 failed')
  const away = await writeAnswered(gone, url, { name: 'Nova' })
  t.equal(away.statusCode, 503)
  t.ok(away.headers['retry-after'])
  t.notMatch(away.body, /secret-host|stack|Fault/)
  const broken = new Fault('append_outcome_unknown', 'connection reset')
  const unknown = await writeAnswered(broken, url, { name: 'Nova' })
  t.equal(unknown.statusCode, 503)
  t.match(unknown.json<Body>().detail, /same Idempotency-Key/)
})

t.test('who checks tokens being away is a 503, and not a bad token', async (t) => {
  const headers = { authorization: 'Bearer unreachable' }
  const response = await app.inject({ url: '/v1/pets', headers })
  t.equal(response.statusCode, 503)
  t.notMatch(response.body, /internal timed out|idp/)
})

const nextSearchFails = (error: Error): void => {
  if (reads === undefined) throw new Error('no database was made')
  reads.failure.next = error
}

t.test(
  'a database that is away is a 503 that says nothing of its inside, and is logged',
  async (t) => {
    nextSearchFails(new Fault('database_unavailable', 'connect to secret-host:5432 failed'))
    const response = await app.inject('/v1/pets?limit=3')
    t.equal(response.statusCode, 503)
    t.ok(response.headers['retry-after'])
    t.notMatch(response.body, /secret-host|stack|Fault/)
    t.ok(lines.some(({ level, fields }) => level === 'error' && fields['err'] instanceof Fault))
  },
)

t.test('a bug is a 500 without a stack or a statement, and is logged', async (t) => {
  nextSearchFails(new Error('select * from secrets'))
  const response = await app.inject('/v1/pets?limit=4')
  t.equal(response.statusCode, 500)
  t.notMatch(response.body, /select|secrets|stack|\.ts/)
  t.ok(lines.some(({ level, message }) => level === 'error' && message === 'request failed'))
  t.equal((await app.inject('/v1/pets?limit=4')).statusCode, 200, 'a failed answer is not kept')
})

t.test('one line is logged for each answer: debug when ordinary, error for a fault', async (t) => {
  const from = lines.length
  await app.inject('/v1/pets?page=2')
  nextSearchFails(new Error('broken'))
  await app.inject('/v1/pets?page=3')
  const answered = lines.slice(from).filter(({ message }) => message.startsWith('request answered'))
  t.same(
    answered.map(({ level }) => level),
    ['debug', 'error'],
  )
  t.equal(answered[0]?.fields['path'], '/v1/pets', 'without the query')
})

t.test("the domain's refusals: of a field 422, of a state 409, of what is gone 404", async (t) => {
  const { url } = await rig.admit()
  const id = url.split('/').at(-1) ?? ''
  const patch = (payload: object) => app.inject({ method: 'PATCH', url, headers: staff, payload })
  const codeOf = (response: Awaited<ReturnType<typeof patch>>) =>
    response.json<Body>().errors?.[0]?.code
  const unknown = await patch({ shelterId: '0199f3a0-7c1e-7a01-8000-0000000000ff' })
  t.equal(unknown.statusCode, 422)
  t.equal(codeOf(unknown), 'unknown_shelter')
  const sold = await patch({ status: 'ADOPTED' })
  t.equal(sold.statusCode, 409)
  t.equal(codeOf(sold), 'invalid_status_transition')
  const context = {
    tenantId: 'shared' as never,
    actor: { kind: 'client', id: 'orders' } as const,
    correlationId: 'c',
  }
  const cause = { kind: 'order', id: 'o-1' } as const
  await rig.application.pets.reserve(context, id, { cause, reason: null })
  const reserved = await app.inject({ method: 'DELETE', url, headers: staff })
  t.equal(reserved.statusCode, 409)
  t.equal(codeOf(reserved), 'pet_reserved')
  await rig.application.pets.release(context, id, { cause, reason: null })
  t.equal((await app.inject({ method: 'DELETE', url, headers: staff })).statusCode, 204)
  t.equal((await patch({ name: 'Nova' })).statusCode, 404)
  const headers = { ...staff, 'idempotency-key': 'k1' }
  const post = (payload: object) =>
    app.inject({ method: 'POST', url: '/v1/pets', headers, payload })
  t.equal((await post(LUNA)).statusCode, 201)
  const reused = await post({ ...LUNA, name: 'Nova' })
  t.equal(reused.statusCode, 422)
  t.equal(codeOf(reused), 'key_reused')
})
