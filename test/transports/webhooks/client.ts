// A consumer of webhooks as every transport has one: it registers an endpoint, takes what is posted, can stop answering
// and can be gone without a word.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createQueue } from '../../contracts/transport/queue.ts'
import type { Connection, Delivered, Stage, Wanted } from '../../contracts/transport/types.ts'
import type { Principal } from '../../../src/core/auth.ts'
import type { Test } from 'tap'

type Asked = Readonly<{
  method: 'POST' | 'DELETE'
  path: string
  headers: Readonly<Record<string, string>>
  body?: object
}>
export type Ask = (asked: Asked) => Promise<Readonly<{ status: number; body: string }>>

type ConnectOptions = Readonly<{
  ask: Ask
  principals: ReadonlyMap<string, Principal>
  /** Called when the endpoint of this id is disabled. */
  disabled: Map<string, () => void>
}>

// All but what happens to endpoints themselves, which is in the log as everything else.
const ALL = ['pet.*', 'shelter.*', 'order.*', 'payment.*', 'adoption.*', 'user.*']

export const createConnect = (
  t: Pick<Test, 'teardown'>,
  { ask, principals, disabled }: ConnectOptions,
): Readonly<{ connect: Stage['connect']; leaveAll: () => Promise<void> }> => {
  const leaving = new Set<Promise<unknown>>()
  const connect = async ({ token, tenant, filter, after }: Wanted): Promise<Connection> => {
    const receiver = await startReceiving()
    t.teardown(receiver.vanish)
    const headers = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
    }
    const sees = principals.get(token ?? '')?.scopes.has('read:events') === true
    const answer = await ask({
      ...{ method: 'POST', path: '/v1/webhooks', headers },
      body: {
        ...{ url: receiver.url, events: filter?.types ?? ALL, mode: 'strict' },
        visibility: sees ? 'staff' : 'public',
        ...(filter?.subjects === undefined ? {} : { subjects: filter.subjects }),
        ...(after === undefined ? {} : { after }),
      },
    })
    if (answer.status !== 201) throw new Error(`it was answered ${answer.status} ${answer.body}`)
    const { id } = JSON.parse(answer.body) as { id: string }
    disabled.set(id, receiver.end)
    const remove = async (): Promise<void> => {
      receiver.end()
      await ask({ method: 'DELETE', path: `/v1/webhooks/${id}`, headers })
    }
    return {
      events: receiver.items,
      checkpoint: () => undefined,
      freeze: receiver.freeze,
      drop: () => {
        receiver.vanish()
        const removed = remove().finally(() => leaving.delete(removed))
        leaving.add(removed)
      },
      close: remove,
    }
  }
  return { connect, leaveAll: async () => void (await Promise.all(leaving)) }
}

const startReceiving = async () => {
  const { push, end, items } = createQueue<Delivered>()
  const unanswered: ServerResponse[] = []
  let isFrozen = false
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (isFrozen) return unanswered.push(response)
      const { id, cursor, type, subject, data } = JSON.parse(
        Buffer.concat(chunks).toString(),
      ) as Delivered
      push({ id, cursor, type, subject, data })
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `http://127.0.0.1:${String(port)}/`, items, end },
    freeze: () => {
      isFrozen = true
    },
    vanish: () => {
      end()
      server.close()
      server.closeAllConnections()
    },
  }
}
