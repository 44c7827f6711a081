// One server that is killed twice in mid-stream, and two kinds of consumers that follow it meanwhile with
// third-party clients: MQTT with a kept session, and bare CloudEvents over a WebSocket. Everything that was
// acknowledged reaches each of them, in order.
import { createServer } from 'node:net'
import mqtt from 'mqtt'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { tokenFor, writeOverKills } from '../support/processes/journey.ts'
import { preparedFolder, startServer, waitFor } from '../support/processes/program.ts'

const WRITES = 90
const KILL_AFTER = [30, 60] // acknowledged writes
const RETRY_MS = 100

t.setTimeout(180_000)

type Told = Readonly<{ id: string; subject: string; cursor: string; type: string }>
/** What was told, by id: the first time counts. */
type Heard = Map<string, Told>

const hear = (heard: Heard, text: string): void => {
  const told = JSON.parse(text) as Told
  if (told.type === 'pet.admitted' && !heard.has(told.id)) heard.set(told.id, told)
}

const followMqtt = async (t: Test, port: string, token: string): Promise<Heard> => {
  const heard: Heard = new Map()
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    ...{ clientId: 'journey', clean: false, protocolVersion: 5, resubscribe: false },
    ...{ username: 'journey', password: token, reconnectPeriod: RETRY_MS },
    properties: { sessionExpiryInterval: 3_600 },
  })
  client.on('error', () => {}) // while the server is away
  client.on('message', (_topic, payload) => hear(heard, payload.toString()))
  t.teardown(() => client.endAsync(true))
  await client.subscribeAsync('events/#', { qos: 1 })
  return heard
}

/** Comes back after the last event that it has heard. */
const followBare = (t: Test, url: string, token: string): Heard => {
  const heard: Heard = new Map()
  let after = 'earliest'
  let isOver = false
  const connect = (): void => {
    if (isOver) return
    const address = `${url.replace('http', 'ws')}/v1/events/ws?types=pet.*&after=${after}`
    const headers = { authorization: `Bearer ${token}` }
    const ws = new WebSocket(address, 'cloudevents.json', { headers })
    ws.on('error', () => {})
    ws.on('message', (data) => {
      const text = (data as Buffer).toString()
      hear(heard, text)
      after = (JSON.parse(text) as Told).cursor
    })
    ws.on('close', () => setTimeout(connect, RETRY_MS))
    t.teardown(() => {
      isOver = true
      ws.terminate()
    })
  }
  connect()
  return heard
}

const freePort = (): Promise<string> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(String(port)))
    })
  })

t.test('over two kills MQTT and bare WebSockets lose nothing', async (t) => {
  const mqttPort = await freePort()
  const folder = await preparedFolder(t)
  const settings = { DATA_DIR: folder, MQTT_PORT: mqttPort }
  const server = await startServer(t, settings)
  const token = await tokenFor(t, folder, 'write:pets read:events')
  const consumers = {
    mqtt: await followMqtt(t, mqttPort, token),
    bare: followBare(t, server.url, token),
  }
  const journey = { t, server, settings, token, writes: WRITES, killAfter: KILL_AFTER }
  const { acknowledged, server: last } = await writeOverKills(journey)
  const wanted = acknowledged.map((id) => `pets/${id}`)
  for (const [name, heard] of Object.entries(consumers)) {
    await waitFor(() => heard.size >= WRITES)
    const subjects = [...heard.values()].map(({ subject }) => subject)
    t.strictSame(subjects, wanted, name)
  }
  last.child.kill('SIGTERM')
  t.equal(await last.ended, 0)
})
