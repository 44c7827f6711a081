// Takes whatever is posted and says 204; at /taken it says how many that were. With BENCH_DEAD it refuses all instead,
// until /alive is asked for.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let taken = 0
let isDead = false
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    if (request.url === '/dead') isDead = true
    if (request.url === '/alive') isDead = false
    response.end(String(taken))
    if (request.url === '/reset') taken = 0
    return
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
