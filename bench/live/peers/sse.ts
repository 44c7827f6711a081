// Bare `res.write` of one constant buffer to every open response.
import type { ServerResponse } from 'node:http'
import { servePeer } from './control.ts'

const open = new Set<ServerResponse>()
await servePeer({
  frameOf: (text) => Buffer.from(`data: ${text}\n\n`),
  toAll(frame) {
    for (const response of open) response.write(frame)
  },
  onGet(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(':\n\n')
    open.add(response)
    response.on('close', () => open.delete(response))
  },
})
