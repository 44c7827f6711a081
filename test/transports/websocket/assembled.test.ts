// The transport in the whole application: on the server's own port, with its own tokens.
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { testApp } from '../../support/app.ts'
import { until } from '../feed/harness.ts'
import { connect, type DrivenEvent } from './client.ts'

t.test('a pet that is admitted over HTTP is told on the socket', async (t) => {
  const { app, bearer } = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const { authorization } = await bearer()
  const url = `http://127.0.0.1:${String(port)}`
  const client = await connect({ url, token: authorization.replace('Bearer ', '') })
  const events: DrivenEvent[] = []
  void (async () => {
    for await (const event of client.events) events.push(event)
  })()
  const payload = { name: 'Rex', species: 'DOG', ageMonths: 3, price: '1.00' }
  const answer = await app.inject({
    ...{ method: 'POST', url: '/v1/pets', headers: { authorization }, payload },
  })
  t.equal(answer.statusCode, 201)
  await until(() => events.length > 0, 'the event')
  t.match(events[0], { type: 'pet.admitted', subject: `pets/${String(answer.json().id)}` })
  await t.rejects(connect({ url, token: 'nonsense' }), /not valid/)
})
