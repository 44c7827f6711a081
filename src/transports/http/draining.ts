// How connections end with the server. A client that keeps its connection may send the next request at the very moment
// that the server closes it, and cannot know what became of it. So for a moment every answer says that its connection
// closes, those of requests that are under way too; only then the idle ones are closed.
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { latestAnswerOn } from './take-over.ts'

const TELLING_MS = 100

/** To be called before the server listens. */
export const tellClientsBeforeClosing = (app: FastifyInstance): void => {
  const connections = new Set<Socket>()
  app.server.on('connection', (socket) => {
    if (connections.has(socket)) return // it was handed back (upgrades.ts)
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  app.addHook('preClose', async () => {
    app.server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false
    })
    // Of several answers on one connection the last says so: the others would cut it off.
    for (const socket of connections) {
      const latest = latestAnswerOn(socket)
      if (latest !== undefined) latest.shouldKeepAlive = false
    }
    if (connections.size > 0) await delay(TELLING_MS)
  })
}
