// The JavaScript client over two kills of the server in mid-stream: what was acknowledged arrives
// once, in order, and the client is not told to do anything for it.
import t from 'tap'
import { WebSocket } from 'ws'
import { type CloudEvent, connectEvents } from '../../clients/js/events.ts'
import { tokenFor, writeOverKills } from '../support/processes/journey.ts'
import { preparedFolder, startServer, waitFor } from '../support/processes/program.ts'

const WRITES = 200
const KILL_AFTER = [50, 120] // acknowledged writes

t.setTimeout(180_000)

t.test('a client has each acknowledged pet once over two kills of the server', async (t) => {
  const folder = await preparedFolder(t)
  const server = await startServer(t, { DATA_DIR: folder })
  const { url } = server
  const token = await tokenFor(t, folder, 'write:pets read:events')
  const events: CloudEvent[] = []
  let connections = 0
  const client = connectEvents({
    url: `${url.replace('http', 'ws')}/v1/events/ws`,
    getToken: () => token,
    WebSocket,
    maxRetryMs: 500,
    onState: (state) => (connections += state === 'open' ? 1 : 0),
  })
  t.teardown(client.close)
  client.subscribe({ filter: { types: ['pet.*'] }, after: 'earliest' }, (event) => {
    events.push(event)
  })

  const journey = { t, server, settings: { DATA_DIR: folder }, token }
  const written = await writeOverKills({ ...journey, writes: WRITES, killAfter: KILL_AFTER })
  const { acknowledged } = written
  await waitFor(() => events.length >= WRITES)
  t.strictSame(
    events.map(({ subject }) => subject),
    acknowledged.map((id) => `pets/${id}`),
  )
  t.equal(connections, 3)
  written.server.child.kill('SIGTERM')
  t.equal(await written.server.ended, 0)
})
