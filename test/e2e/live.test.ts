// A subscriber with a third-party client, writers that retry with their keys, and a server that is
// killed in mid-stream twice: every pet that was acknowledged arrives, in order, and is known by
// its id when it comes twice.
import { EventSource } from 'eventsource'
import t, { type Test } from 'tap'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { dataFolder, run, startServer, waitFor } from '../support/processes/program.ts'

const WRITES = 300
const WRITERS = 6
const KILL_AFTER = [60, 180] // acknowledged writes
const RETRY_MS = 50
const WRITE_DEADLINE_MS = 60_000

t.setTimeout(180_000)

type Envelope = Readonly<{ id: string; type: string; subject: string; sequence: string }>

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
        body: JSON.stringify({
          name: `Pet ${number}`,
          species: 'DOG',
          ageMonths: 3,
          price: '1.00',
        }),
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
  const folder = await dataFolder(t)
  let server = await startServer(t, { DATA_DIR: folder })
  const { url } = server
  const port = new URL(url).port
  const token = await tokenFor(t, folder)
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
