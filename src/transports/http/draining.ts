// How connections end with the server. A client that keeps its connection may send the next request at the very moment
// that the server closes it, and cannot know what became of it. So for a moment every answer says that its connection
// closes, those of requests that are under way too; only then the idle ones are closed.
import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { underWay } from './take-over.ts'

const TELLING_MS = 100

/** To be called before the server has had any request. */
export const tellClientsBeforeClosing = (app: FastifyInstance): void => {
  let isEnding = false
  app.server.prependListener('request', (_request, response) => {
    if (isEnding) response.shouldKeepAlive = false
    underWay.add(response)
    response.once('close', isOver)
  })
  app.addHook('preClose', async () => {
    isEnding = true
    for (const response of underWay) response.shouldKeepAlive = false
    if (await hasConnections(app)) await delay(TELLING_MS)
  })
}

function isOver(this: ServerResponse): void {
  underWay.delete(this)
}

const hasConnections = ({ server }: FastifyInstance): Promise<boolean> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count > 0)))
