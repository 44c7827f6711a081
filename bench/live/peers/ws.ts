// Bare `ws`: a loop over all clients with one frame that was made beforehand by Sender.frame, no queue, no
// filter, no tenant. POST /burst?events=N sends the body N times, the mark in its place the last time;
// POST /publish sends it once, stamped with the time.
import type { Socket } from 'node:net'
import * as ws from 'ws'
import { servePeer } from './control.ts'

/** Not in its types. */
const { Sender } = ws as unknown as Readonly<{
  Sender: Readonly<{ frame: (data: Buffer, options: object) => Buffer[] }>
}>
type Raw = ws.WebSocket & Readonly<{ _socket: Socket }>
const TEXT = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: true }

const wss = new ws.WebSocketServer({ noServer: true, perMessageDeflate: false })
const { server } = await servePeer({
  frameOf: (text) => Buffer.concat(Sender.frame(Buffer.from(text), TEXT)),
  toAll(frame) {
    for (const client of wss.clients) (client as Raw)._socket.write(frame)
  },
})

server.on('upgrade', (request, socket, head) => {
  wss.handleUpgrade(request, socket, head, () => {})
})
