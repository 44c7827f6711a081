// A subscriber with a third-party client, writers that retry with their keys, and a server that is
// killed in mid-stream twice: every pet that was acknowledged arrives, in order, and is known by
// its id when it comes twice.
import { EventSource } from 'eventsource'
import t from 'tap'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { admit, tokenFor } from '../support/processes/journey.ts'
import { preparedFolder, startServer, waitFor } from '../support/processes/program.ts'

const WRITES = 300
const WRITERS = 6
const KILL_AFTER = [60, 180] // acknowledged writes

t.setTimeout(180_000)

type Envelope = Readonly<{ id: string; type: string; subject: string; sequence: string }>

const follow = (
  url: string,
  token: string,
): Readonly<{ events: Envelope[]; close: () => void }> => {
  const events: Envelope[] = []
  const source = new EventSource(`${url}/v1/events/stream?after=earliest&types=pet.*`, {
    fetch: (input, init) =>
      checkedFetch(input, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      }),
  })
  source.onmessage = ({ data }) => events.push(JSON.parse(data as string) as Envelope)
  return { events, close: () => source.close() }
}

t.test('a subscriber misses nothing over two kills of the server in mid-stream', async (t) => {
  const folder = await preparedFolder(t)
  let server = await startServer(t, { DATA_DIR: folder })
  const { url } = server
  const port = new URL(url).port
  const token = await tokenFor(t, folder, 'write:pets read:events')
  const feed = follow(url, token)
  t.teardown(feed.close)

  const acknowledged = new Set<string>()
  const killings = [...KILL_AFTER]
  let restarting: Promise<unknown> = Promise.resolve()
  let next = 0
  const write = async (): Promise<void> => {
    while (next < WRITES) {
      acknowledged.add(await admit(url, token, (next += 1)))
      if (acknowledged.size >= (killings[0] ?? WRITES + 1)) {
        killings.shift()
        server.child.kill('SIGKILL')
        restarting = server.ended.then(async () => {
          server = await startServer(t, { DATA_DIR: folder, PORT: port })
        })
      }
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  await restarting
  t.equal(acknowledged.size, WRITES, 'every write was acknowledged in the end, once')

  const unique = () => new Map(feed.events.map((event) => [event.id, event]))
  await waitFor(() => unique().size >= WRITES)
  const received = [...unique().values()]
  t.strictSame(
    received.map(({ subject }) => subject.replace('pets/', '')).sort(),
    [...acknowledged].sort(),
    'the subscriber has exactly the pets that were acknowledged',
  )
  const sequences = received.map(({ sequence }) => sequence)
  t.strictSame(sequences, [...sequences].sort(), 'in the order of the log')
  t.equal(killings.length, 0, 'the server was killed twice')
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
})
