// Takes whatever is posted and says 204; at /taken it says how many that were, and at /first what the first of them was
// after /reset. From /dead to /alive it refuses all.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

let taken = 0
let isDead = false
let first: Readonly<{ headers: IncomingHttpHeaders; chunks: readonly Buffer[] }> | undefined

const firstText = (): string =>
  JSON.stringify({ headers: first?.headers, body: Buffer.concat(first?.chunks ?? []).toString() })

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    if (request.url === '/dead') isDead = true
    if (request.url === '/alive') isDead = false
    response.end(request.url === '/first' ? firstText() : String(taken))
    if (request.url === '/reset') {
      taken = 0
      first = undefined
    }
    return
  }
  if (first === undefined) {
    const chunks: Buffer[] = []
    first = { headers: request.headers, chunks }
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
  }
  request.resume().on('end', () => {
    if (!isDead) taken += 1
    response.writeHead(isDead ? 503 : 204).end()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening at http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
