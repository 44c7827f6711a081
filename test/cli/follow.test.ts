// Following live events over a server that drops, refuses, says bye and falls silent.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { follow, type FollowEnd, type FollowOptions } from '../../src/cli/follow.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Each request is answered by the next handler; the last one answers all the rest. */
const serve = async (t: Test, handlers: readonly Handler[]) => {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(requests.length, handlers.length - 1)]
    requests.push(request)
    handler?.(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

const stream =
  (text: string, end: 'end' | 'open' | 'destroy'): Handler =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(text, () => {
      if (end === 'end') response.end()
      if (end === 'destroy') response.destroy()
    })
  }

const problem =
  (status: number, detail: string, headers = {}): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers })
    response.end(JSON.stringify({ title: 'No', detail }))
  }

const start = (t: Test, url: string, more: Partial<FollowOptions> = {}) => {
  const stopping = new AbortController()
  t.teardown(() => stopping.abort())
  const events: string[] = []
  const notices: string[] = []
  const cursors: string[] = []
  const ended: Promise<FollowEnd> = follow({
    url,
    tenant: 'shared',
    types: [],
    after: 'now',
    token: async () => 'secret',
    signal: stopping.signal,
    onNotice: (text) => notices.push(text),
    onCursor: (cursor) => cursors.push(cursor),
    firstDelayMs: 5,
    ...more,
    onEvent: async (json) => {
      events.push(json)
      if (json === 'last') stopping.abort()
    },
  })
  return { ended, events, notices, cursors, stop: () => stopping.abort() }
}

t.test('after a broken connection it goes on from the newest cursor, events or not', async (t) => {
  const { url, requests } = await serve(t, [
    stream('id: c0\nevent: ready\ndata: {}\n\nid: c1\ndata: one\n\nid: c2\n\n', 'destroy'),
    stream('id: c3\ndata: two\n\n', 'end'),
    stream('id: c4\ndata: last\n\n', 'open'),
  ])
  const following = start(t, url)
  t.strictSame(await following.ended, { kind: 'aborted' })
  t.strictSame(following.events, ['one', 'two', 'last'])
  t.strictSame(
    requests.map((request) => new URL(request.url ?? '', url).searchParams.get('after')),
    ['now', 'c2', 'c3'],
  )
  t.equal(following.notices.length, 2, 'each loss is told once')
  t.equal(following.cursors.at(-1), 'c4', 'the last event counts as seen')
})

t.test('it says who it is, whose events it wants and which', async (t) => {
  const { url, requests } = await serve(t, [stream('data: last\n\n', 'open')])
  const tenant = '01990000-0000-7000-8000-00000000d090'
  await start(t, url, { tenant, types: ['pet.adopted', 'pet.*'] }).ended
  const [request] = requests
  t.match(request?.headers, {
    authorization: 'Bearer secret',
    'x-tenant-id': tenant,
    accept: 'text/event-stream',
  })
  t.equal(request?.url, '/v1/events/stream?after=now&types=pet.adopted%2Cpet.*')
})

t.test('a routine bye is followed without a word', async (t) => {
  const { url } = await serve(t, [
    stream('event: bye\ndata: {}\n\n', 'end'),
    stream('data: last\n\n', 'open'),
  ])
  const following = start(t, url)
  await following.ended
  t.strictSame(following.notices, [])
})

for (const status of [400, 401, 403, 404]) {
  t.test(`a refusal with ${status} ends it, with the server's reason`, async (t) => {
    const { url, requests } = await serve(t, [problem(status, 'not for you')])
    t.strictSame(await start(t, url).ended, { kind: 'refused', status, detail: 'not for you' })
    t.equal(requests.length, 1)
  })
}

for (const status of [429, 503]) {
  t.test(`a server that says ${status} is asked again`, async (t) => {
    const { url, requests } = await serve(t, [
      problem(status, 'busy', { 'retry-after': '0' }),
      stream('data: last\n\n', 'open'),
    ])
    t.strictSame(await start(t, url).ended, { kind: 'aborted' })
    t.equal(requests.length, 2)
  })
}

t.test('a server that went silent is left, and the stream taken up again', async (t) => {
  const { url, requests } = await serve(t, [
    stream('id: c1\ndata: one\n\n', 'open'),
    stream('data: last\n\n', 'open'),
  ])
  const following = start(t, url, { silenceLimitMs: 100 })
  await following.ended
  t.strictSame(following.events, ['one', 'last'])
  t.equal(requests.length, 2)
  t.match(following.notices, [/silent/])
})

t.test('a server that is not there yet is waited for until it is aborted', async (t) => {
  const nobody = createServer()
  nobody.listen(0, '127.0.0.1')
  await once(nobody, 'listening')
  const { port } = nobody.address() as AddressInfo
  nobody.close()
  await once(nobody, 'close')
  let following: ReturnType<typeof start> | undefined
  const twice = new Promise<void>((resolve) => {
    const notices: string[] = []
    following = start(t, `http://127.0.0.1:${port}`, {
      onNotice: (text) => {
        notices.push(text)
        if (notices.length === 2) resolve()
      },
    })
  })
  await twice
  following?.stop()
  t.strictSame(await following?.ended, { kind: 'aborted' })
})
