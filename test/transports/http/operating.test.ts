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
  const { app } = await httpApp(t, {
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
  t.equal((await app.inject('/livez')).statusCode, 200, 'alive all the same')
  behind = 0
  t.equal((await app.inject('/readyz')).statusCode, 200)
})
