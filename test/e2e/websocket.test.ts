// The JavaScript client over two kills of the server in mid-stream: what was acknowledged arrives
// once, in order, and the client is not told to do anything for it.
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { type CloudEvent, connectEvents } from '../../clients/js/events.ts'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { dataFolder, run, startServer, waitFor } from '../support/processes/program.ts'

const WRITES = 200
const KILL_AFTER = [50, 120] // acknowledged writes
const RETRY_MS = 50
const WRITE_DEADLINE_MS = 60_000

t.setTimeout(180_000)

const tokenFor = async (t: Test, folder: string): Promise<string> => {
  const args = ['cli', 'token', '--tenant', 'shared', '--scopes', 'write:pets read:events']
  const program = run(t, args, { DATA_DIR: folder })
  if ((await program.ended) !== 0) throw new Error(`no token: ${program.errors()}`)
  return program.output().trim()
}

/** Posts until it is answered, under one key: however often it is tried, there is one pet. */
const admit = async (url: string, token: string, number: number): Promise<string> => {
  const deadline = AbortSignal.timeout(WRITE_DEADLINE_MS)
  for (;;) {
    try {
      const answer = await checkedFetch(`${url}/v1/pets`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': `pet-${number}`,
        },
        body: JSON.stringify({ name: `P${number}`, species: 'DOG', ageMonths: 3, price: '1.00' }),
        signal: deadline,
      })
      if (answer.status === 201) return ((await answer.json()) as { id: string }).id
      if (answer.status !== 503) throw new Error(`${answer.status} ${await answer.text()}`)
    } catch (error) {
      if (deadline.aborted || !(error instanceof TypeError)) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

t.test('a client has each acknowledged pet once over two kills of the server', async (t) => {
  const folder = await dataFolder(t)
  let server = await startServer(t, { DATA_DIR: folder })
  const { url } = server
  const { port } = new URL(url)
  const token = await tokenFor(t, folder)
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

  const acknowledged: string[] = []
  const killings = [...KILL_AFTER]
  while (acknowledged.length < WRITES) {
    acknowledged.push(await admit(url, token, acknowledged.length + 1))
    if (acknowledged.length !== killings[0]) continue
    killings.shift()
    server.child.kill('SIGKILL')
    await server.ended
    server = await startServer(t, { DATA_DIR: folder, PORT: port })
  }
  await waitFor(() => events.length >= WRITES)
  t.strictSame(
    events.map(({ subject }) => subject),
    acknowledged.map((id) => `pets/${id}`),
  )
  t.equal(connections, 3)
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
})
