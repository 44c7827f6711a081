// What those who run the server ask it.
import t from 'tap'
import { httpApp } from './http-app.ts'

t.test('ready, and alive', async (t) => {
  const { app, settled } = await httpApp(t)
  await settled()
  const ready = await app.inject('/readyz')
  t.equal(ready.statusCode, 200)
  t.match(ready.json(), { status: 'ready', lag: 0 })
  t.equal((await app.inject('/livez')).statusCode, 200)
  const metrics = await app.inject('/metrics')
  t.equal(metrics.statusCode, 200)
  t.match(metrics.body, /^# HELP /m)
  const keys = await app.inject('/.well-known/jwks.json')
  t.match(keys.json(), { keys: [{ kty: String }] })
  t.notMatch(keys.body, /"d":/, 'no private key')
})

t.test('readiness is a 503 that says how far behind it is, until it has caught up', async (t) => {
  let behind = 50_000
  const { app, lines } = await httpApp(t, {
    ports: ({ eventStore }) => ({
      eventStore: {
        ...eventStore,
        head: async () => (await eventStore.head()) + behind,
      },
    }),
  })
  const waiting = await app.inject('/readyz')
  t.equal(waiting.statusCode, 503)
  t.ok(waiting.headers['retry-after'])
  t.match(waiting.json(), { errors: [{ field: 'lag', message: '50000' }] })
  const told = lines.filter(({ fields }) => fields['path'] === '/readyz')
  t.strictSame(
    told.map(({ level, message }) => `${level}: ${message}`),
    ['warn: request answered as unavailable'],
    'it is no error, and told once',
  )
  t.equal((await app.inject('/livez')).statusCode, 200, 'alive all the same')
  behind = 0
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('a stream counts as answered when it opens', async (t) => {
  const { app } = await httpApp(t)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const aborter = new AbortController()
  const { signal } = aborter
  const stream = await fetch(`${url}/v1/events/stream`, { signal })
  t.equal(stream.status, 200)
  const metrics = await app.inject('/metrics')
  t.match(
    metrics.body,
    /^pawtrail_http_request_duration_seconds_count\{method="GET",route="\/v1\/events\/stream",status="200"\} 1$/m,
  )
  aborter.abort()
  await t.rejects(stream.text())
})
