// Takes whatever is posted and says 204; at /taken/<n> it answers when it has so many since /reset, and at /first what
// the first of them was. From /dead to /alive it refuses all.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

let taken = 0
let wanted = Infinity
let tell = (): void => {}
let isDead = false
let first: Readonly<{ headers: IncomingHttpHeaders; chunks: readonly Buffer[] }> | undefined

const firstText = (): string =>
  JSON.stringify({ headers: first?.headers, body: Buffer.concat(first?.chunks ?? []).toString() })

const asked = (path: string, response: ServerResponse): void => {
  if (path === '/dead') isDead = true
  if (path === '/alive') isDead = false
  if (path === '/reset') {
    taken = 0
    first = undefined
  }
  const [, count] = /^\/taken\/(\d+)$/.exec(path) ?? []
  if (count === undefined) return void response.end(path === '/first' ? firstText() : '')
  wanted = Number(count)
  tell = () => {
    wanted = Infinity
    response.end()
  }
  if (taken >= wanted) tell()
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return asked(request.url ?? '', response)
  if (first === undefined) {
    const chunks: Buffer[] = []
    first = { headers: request.headers, chunks }
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
  }
  request.resume().on('end', () => {
    response.writeHead(isDead ? 503 : 204).end()
    if (isDead) return
    taken += 1
    if (taken >= wanted) tell()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening at http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
