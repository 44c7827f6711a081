// How connections end with the server. A client that keeps its connection may send the next request at the very moment
// that the server closes it, and cannot know what became of it. So for a moment every answer says that its connection
// closes, those of requests that are under way too; only then the idle ones are closed.
import { type IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const TELLING_MS = 100

export type Draining = Readonly<{
  /** For the server's options: what it answers with. */
  ServerResponse: typeof ServerResponse
  /** Tells the clients before the server closes. */
  before: (app: FastifyInstance) => void
}>

export const createDraining = (): Draining => {
  let isEnding = false
  class Answer<Asked extends IncomingMessage = IncomingMessage> extends ServerResponse<Asked> {
    override writeHead(...given: unknown[]): this {
      if (isEnding) this.shouldKeepAlive = false
      return super.writeHead(...(given as Parameters<ServerResponse['writeHead']>))
    }
  }
  return {
    ServerResponse: Answer,
    before: (app) => {
      app.addHook('preClose', async () => {
        isEnding = true
        if (await hasConnections(app)) await delay(TELLING_MS)
      })
    },
  }
}

const hasConnections = ({ server }: FastifyInstance): Promise<boolean> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count > 0)))
