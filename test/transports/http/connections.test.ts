// Of connections beyond the bound each is closed as it comes and counted; who is in is served on, and who leaves makes
// room.
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { httpApp } from './http-app.ts'

const connectionsOf = (server: net.Server): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count) => resolve(count)))

const REFUSED = /^pawtrail_http_connections_refused_total (\d+)$/m

t.test('connections are bounded', async (t) => {
  const rig = await httpApp(t, { settings: { maxConnections: 2 } })
  const port = Number(new URL(await rig.app.listen({ port: 0, host: '127.0.0.1' })).port)
  const connect = async (): Promise<net.Socket> => {
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  const answerOn = async (socket: net.Socket): Promise<string> => {
    socket.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return chunk.toString()
  }
  const refused = async (): Promise<number> => {
    const { body } = await rig.app.inject('/metrics')
    return Number(REFUSED.exec(body)?.[1])
  }

  const first = await connect()
  const second = await connect()
  t.match(await answerOn(first), /^HTTP\/1\.1 200/)
  t.equal(await refused(), 0)
  const third = await connect()
  await once(third.resume(), 'close')
  t.equal(await refused(), 1)
  t.match(await answerOn(second), /^HTTP\/1\.1 200/)
  first.destroy()
  await once(first, 'close')
  while ((await connectionsOf(rig.app.server)) > 1) await delay(10)
  t.match(await answerOn(await connect()), /^HTTP\/1\.1 200/)
})
