// Connections that have not said who they are: not all places are for those of one address.
import t from 'tap'
import { mqttHarness } from './harness.ts'
import { hello, raw } from './raw.ts'

t.test('of one address only so many may be on their way in', async (t) => {
  const refused: unknown[] = []
  const metrics = {
    ...{ gauge: () => {}, observe: () => {} },
    count: (name: string, _by?: number, labels?: unknown) =>
      void (name === 'pawtrail_feed_refused_total' && refused.push(labels)),
  }
  const { port, mqtt } = await mqttHarness(t, {
    mqtt: { pendingPerAddress: 2 },
    options: { metrics },
  })
  const isServed = async (): Promise<boolean> => {
    const client = raw(t, port)
    client.say(hello({ clientId: `c${String(Math.random())}` }))
    const isIn = client.until(([first]) => first?.cmd === 'connack').then(() => true)
    return Promise.race([isIn, client.closed.then(() => false)])
  }
  t.equal(await isServed(), true)
  const silent = [raw(t, port), raw(t, port)]
  while (mqtt.connections() < 3) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await isServed(), false, 'two are waiting')
  t.match(refused, [{ transport: 'mqtt', reason: 'pending_limit' }])

  silent[0]?.say(hello({ clientId: 'first' }))
  await silent[0]?.until(([first]) => first?.cmd === 'connack')
  t.equal(await isServed(), true, 'who is in does not wait any more')
  const third = raw(t, port)
  while (mqtt.connections() < 5) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await isServed(), false)
  third.socket.destroy()
  while (mqtt.connections() > 4) await new Promise((resolve) => setImmediate(resolve))
  t.equal(await isServed(), true, 'nor does who has gone')
})
