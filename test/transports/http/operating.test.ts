import t from 'tap'
import { httpApp } from './http-app.ts'

t.test('readiness is a 503 that names what is missing, until it is there', async (t) => {
  let state: { ready: boolean; [part: string]: unknown } = {
    ready: false,
    readModel: 'catching up',
  }
  const { app } = await httpApp(t, { readiness: () => Promise.resolve(state) })
  const waiting = await app.inject('/readyz')
  t.equal(waiting.statusCode, 503)
  t.ok(waiting.headers['retry-after'])
  t.match(waiting.json(), { errors: [{ field: 'readModel', message: 'catching up' }] })
  t.equal((await app.inject('/livez')).statusCode, 200, 'alive all the same')
  state = { ready: true }
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('one line is logged for each answer: debug when ordinary, error for a fault', async (t) => {
  const { app, application, lines } = await httpApp(t)
  await app.inject('/v1/pets?page=2')
  application.failure.next = new Error('broken')
  await app.inject('/v1/pets?page=3')
  const answered = lines.filter(({ message }) => message.startsWith('request answered'))
  t.same(
    answered.map(({ level }) => level),
    ['debug', 'error'],
  )
  t.equal(answered[0]?.fields['path'], '/v1/pets', 'without the query')
})
