// What all peers have in common: they are told over HTTP what to send.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PLAIN_MARK, stamped } from '../marks.ts'

export type Peer<Frame> = Readonly<{
  frameOf: (text: string) => Frame
  toAll: (frame: Frame) => void
  onGet?: (response: ServerResponse) => void
}>

export const servePeer = async <Frame>(
  peer: Peer<Frame>,
): Promise<Readonly<{ server: Server }>> => {
  const act = async (request: IncomingMessage): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://peer')
    const body = await text(request)
    if (pathname === '/publish') return peer.toAll(peer.frameOf(stamped(body)))
    const events = Number(searchParams.get('events'))
    const plain = peer.frameOf(body)
    for (let n = 1; n < events; n += 1) {
      peer.toAll(plain)
      await nextTurn()
    }
    peer.toAll(peer.frameOf(body.replace(PLAIN_MARK, searchParams.get('mark') ?? '')))
  }
  const server = createServer((request, response) => {
    if (request.method === 'GET') return peer.onGet?.(response)
    void act(request).then(() => response.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve))
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening at http://127.0.0.1:${port}\n`)
  process.once('SIGTERM', () => process.exit(0))
  return { server }
}
