// Webhooks over two kills of the whole server: one while deliveries are under way, one while they are tried again.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { tokenFor } from '../support/processes/journey.ts'
import { preparedFolder, startServer, waitFor } from '../support/processes/program.ts'
import { WEBHOOK_LIMITS } from '../../src/transports/webhooks/limits.ts'

const WRITES = 200
const AT_ONCE = 20
const REFUSED = 8 // too few to be left alone for
const KILLED_AT = 60 // deliveries

t.setTimeout(180_000)

const SCOPES = 'read:webhooks write:pets write:webhooks'

/**
 * Keeps what it took on, in order. While it is unwell it answers 500 to the first few, and nothing at all to who tries
 * again.
 */
const startReceiver = async (t: Test) => {
  const taken: Readonly<{ id: string; subject: string }>[] = []
  const state = {
    isUnwell: false,
    refused: 0,
    whenRetried: (): void => {},
    whenTaken: (): void => {},
  }
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const { id, subject } = JSON.parse(body) as { id: string; subject: string }
      const isFirst = request.headers['webhook-attempt'] === '1'
      if (state.isUnwell && !isFirst) return state.whenRetried() // unanswered
      const isNew = taken.every((each) => each.id !== id)
      if (state.isUnwell && isNew && state.refused < REFUSED) {
        state.refused += 1
        return response.writeHead(500).end()
      }
      taken.push({ id, subject })
      state.whenTaken()
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { taken, state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

type Target = Readonly<{ url: string; token: string }>

const post = async ({ url, token }: Target, path: string, body: object): Promise<string> => {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await checkedFetch(`${url}${path}`, {
    ...{ method: 'POST', headers, body: JSON.stringify(body) },
  })
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { id: string }).id
}

const admit = async (target: Target, count: number): Promise<string[]> => {
  const pet = { name: 'P', species: 'DOG', ageMonths: 3, price: '1.00' }
  const ids: string[] = []
  while (ids.length < count) {
    const some = Array.from({ length: AT_ONCE }, () => post(target, '/v1/pets', pet))
    ids.push(...(await Promise.all(some)))
  }
  return ids
}

t.test('a receiver gets every acknowledged pet over two kills of the server', async (t) => {
  const folder = await preparedFolder(t)
  const settings = { DATA_DIR: folder, WEBHOOKS_ALLOW_INSECURE: 'true' }
  let server = await startServer(t, settings)
  const { url } = server
  const token = await tokenFor(t, folder, SCOPES)
  const receiver = await startReceiver(t)
  const { taken, state } = receiver
  const killAndRestart = async (): Promise<void> => {
    server.child.kill('SIGKILL')
    await server.ended
    server = await startServer(t, { ...settings, PORT: new URL(url).port })
  }
  const target = { url, token }
  const pets = await admit(target, WRITES)
  // In the middle of its work, not between two tasks: the receiver itself says when.
  const killed = new Promise<void>((resolve, reject) => {
    state.whenTaken = () => {
      if (taken.length !== KILLED_AT) return
      state.isUnwell = true
      killAndRestart().then(resolve, reject)
    }
  })
  const endpoint = { url: receiver.url, events: ['pet.*'], maxInFlight: 3, after: 'earliest' }
  await post(target, '/v1/webhooks', endpoint)
  await killed
  state.whenTaken = () => {}
  await new Promise<void>((resolve) => (state.whenRetried = resolve))
  await killAndRestart()
  state.isUnwell = false
  const arrived = () => new Set(taken.map(({ subject }) => subject)).size
  await waitFor(() => arrived() === WRITES)
  t.strictSame(
    [...new Set(taken.map(({ subject }) => subject))].sort(),
    pets.map((id) => `pets/${id}`).sort(),
  )
  const repeated = taken.length - new Set(taken.map(({ id }) => id)).size
  t.ok(repeated <= WEBHOOK_LIMITS.windowEvents, `${repeated} came again after the first kill`)
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
})
