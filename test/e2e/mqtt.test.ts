// MQTT over a kill of the real process in mid-stream, with clients and a broker that we did not
// write, all of it over TLS: a session that is kept loses nothing, and neither does the bridge.
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:tls'
import path from 'node:path'
import t from 'tap'
import { selfSigned } from '../support/certificate.ts'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { tokenFor } from '../support/processes/journey.ts'
import { preparedFolder, startServer, waitFor } from '../support/processes/program.ts'
import { testBroker } from '../transports/mqtt/broker.ts'
import { listen } from '../transports/mqtt/client.ts'

const PETS = 60
const KILL_AFTER = 25

t.setTimeout(180_000)

const SCOPES = 'read:pets write:pets read:events'

const portOf = (output: string): number => Number(/mqtts:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1])
const idOf = (topic: string): string => topic.split('/').at(-2) ?? ''

t.test('sessions and the bridge lose nothing when the server is killed', async (t) => {
  const folder = await preparedFolder(t)
  const { cert, key } = selfSigned('localhost', Date.parse(new Date().toISOString()))
  const files = { cert: path.join(folder, 'cert.pem'), key: path.join(folder, 'key.pem') }
  await writeFile(files.cert, cert)
  await writeFile(files.key, key)
  const broker = await testBroker(t, { serve: (handle) => createServer({ cert, key }, handle) })
  const settings = {
    ...{ DATA_DIR: folder, MQTT_PORT: '0' },
    ...{ MQTT_TLS_CERT: files.cert, MQTT_TLS_KEY: files.key },
    ...{ MQTT_BRIDGE_URL: `mqtts://localhost:${String(broker.port)}/site`, LOG_LEVEL: 'info' },
    NODE_EXTRA_CA_CERTS: files.cert,
  }
  const server = await startServer(t, settings)
  const token = await tokenFor(t, settings.DATA_DIR, SCOPES)
  const admit = async (url: string): Promise<string> => {
    const answer = await checkedFetch(`${url}/v1/pets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Luna', species: 'CAT', ageMonths: 18, price: '75.00' }),
    })
    return ((await answer.json()) as { id: string }).id
  }
  const kiosk = (output: string) =>
    listen(`mqtts://127.0.0.1:${String(portOf(output))}`, {
      ...{ clientId: 'kiosk', clean: false, username: 'x', password: token },
      ...{ ca: cert, servername: 'localhost' },
    })
  const first = await kiosk(server.output())
  await first.client.subscribeAsync('events/pets/#', { qos: 1 })
  const wanted: string[] = []
  while (wanted.length < KILL_AFTER) wanted.push(await admit(server.url))
  server.child.kill('SIGKILL')
  await server.ended
  await first.close()
  const next = await startServer(t, settings)
  while (wanted.length < PETS) wanted.push(await admit(next.url))
  const second = await kiosk(next.output())
  t.teardown(second.close)
  t.ok(second.isSessionPresent())
  const last = wanted.at(-1) ?? ''
  await second.until((heard) => heard.some(({ topic }) => idOf(topic) === last))
  const heard = [...first.heard, ...second.heard].map(({ topic }) => idOf(topic))
  t.strictSame([...new Set(heard)], wanted, 'the session')
  const bridged = () =>
    broker
      .topics()
      .filter((topic) => topic.startsWith('site/events/pets/'))
      .map(idOf)
  await waitFor(() => bridged().includes(last))
  t.strictSame([...new Set(bridged())], wanted, 'the bridge')
  t.match(next.output() + server.output(), /the MQTT bridge publishes/)
})
