// By whom those are counted who leave HTTP for another protocol.
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { ProblemError } from '../../../src/transports/http/problem.ts'
import { createUpgrades } from '../../../src/transports/http/upgrades.ts'

t.test('who comes from one IPv6 network is one caller, behind a proxy too', async (t) => {
  const server = createServer()
  const told: string[] = []
  createUpgrades(server, { trustProxy: 1 }).on('/here', ({ address, refuse }) => {
    told.push(address)
    refuse(new ProblemError('forbidden', 'Not today.'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  for (const from of ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8:0:1::1', '192.0.2.1']) {
    const headers = { connection: 'upgrade', upgrade: 'websocket', 'x-forwarded-for': from }
    await new Promise<void>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: '/here', headers }, (answer) => {
        answer.resume().once('end', resolve)
      })
      asked.once('error', reject).end()
    })
  }
  const [first, second, other, fourth] = told
  t.equal(first, second)
  t.not(first, other)
  t.equal(fourth, '192.0.2.1')
})
