// Fifty buyers want the same pet at the same moment, over real sockets and on real PostgreSQL: one gets it.
import t from 'tap'
import { ordersApp, type Problem } from './orders-app.ts'

const BUYERS = 50
const ROUNDS = 5

t.test('of fifty buyers at once exactly one gets the pet, round after round', async (t) => {
  const rig = await ordersApp(t)
  const origin = await rig.app.listen({ port: 0, host: '127.0.0.1' })
  const buyers = await Promise.all(
    Array.from({ length: BUYERS }, async () => {
      const userId = rig.ports.ids()
      return { userId, headers: await rig.tokenOf(userId) }
    }),
  )
  for (let round = 1; round <= ROUNDS; round += 1) {
    const petId = await rig.admit()
    const answers = await Promise.all(
      buyers.map(async ({ userId, headers }) => {
        const response = await fetch(`${origin}/v1/orders`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ petId }),
        })
        return { userId, status: response.status, body: await response.text() }
      }),
    )
    const [winner, ...others] = answers.filter(({ status }) => status === 201)
    t.ok(winner, 'somebody got it')
    t.strictSame(others, [], 'nobody else did')
    const refused = answers.filter(({ status }) => status === 409)
    t.equal(refused.length, BUYERS - 1)
    for (const { body } of refused) {
      const { errors } = JSON.parse(body) as Problem
      t.strictSame(
        errors?.map(({ code }) => code),
        ['pet_not_available'],
      )
    }
    const { events } = await rig.ports.eventStore.readAll({ after: 0, limit: 10_000 })
    const placed = events.filter(
      ({ type, data }) => type === 'order.placed' && data['petId'] === petId,
    )
    t.strictSame(
      placed.map(({ data }) => data['userId']),
      [winner?.userId],
      "the log has one order, the winner's",
    )
    const reserved = events.filter(
      ({ type, streamId }) => type !== 'pet.admitted' && streamId === petId,
    )
    t.equal(reserved.length, 1, 'and the pet was reserved once')
  }
})
