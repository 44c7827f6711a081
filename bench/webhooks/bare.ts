// The ceiling: undici and nothing else, which posts the same request over as many connections. Asked by GET for how many.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

const { BENCH_RECEIVER = '', BENCH_CONNECTIONS = '', BENCH_REQUEST = '{}' } = process.env
const connections = Number(BENCH_CONNECTIONS)
const pool = new Pool(BENCH_RECEIVER, { connections })
const { headers, body: sent } = JSON.parse(BENCH_REQUEST) as Readonly<{
  headers: Record<string, string>
  body: string
}>

const post = async (): Promise<void> => {
  const { body } = await pool.request({ path: '/', method: 'POST', headers, body: sent })
  await body.dump()
}

const server = createServer(async (request, response) => {
  let left = Number(request.url?.slice(1))
  const worker = async (): Promise<void> => {
    while (left-- > 0) await post()
  }
  await Promise.all(Array.from({ length: connections }, worker))
  response.end()
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening at http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => process.exit(0))
