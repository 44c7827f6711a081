// The feed over plain HTTP: pages with a long poll, and Server-Sent Events. Registered into the
// HTTP server, whose hooks have said who is calling before anything here runs.
import type { FastifyInstance } from 'fastify'
import {
  eventPage,
  filteredStreamDoc,
  pageDoc,
  streamDoc,
  streamTicket,
  ticketDoc,
} from './docs.ts'
import { pageHandler } from './page-route.ts'
import { type EventRouteOptions, SSE_SETTINGS, type SseSettings } from './settings.ts'
import { streamHandler } from './stream-route.ts'
import { ticketHandler } from './ticket-route.ts'
import { createTickets } from './tickets.ts'

const FEED_PATH = '/v1/events'
const STREAM_PATH = '/v1/events/stream'
const TICKET_PATH = '/v1/events/tickets'

export const createEventRoutes =
  (options: EventRouteOptions) =>
  async (app: FastifyInstance): Promise<void> => {
    const settings: SseSettings = { ...SSE_SETTINGS, ...options.settings }
    if (!app.supportedMethods.includes('QUERY')) app.addHttpMethod('QUERY', { hasBody: true })
    app.get(
      FEED_PATH,
      { config: { doc: pageDoc }, schema: { response: { 200: eventPage } } },
      pageHandler(options),
    )
    const tickets = createTickets({ ...options, settings })
    const stream = streamHandler(options, settings, tickets)
    // HEAD by hand: the framework's own would run the handler of GET and open a stream.
    app.route({
      method: ['GET', 'HEAD'],
      url: STREAM_PATH,
      exposeHeadRoute: false,
      config: { doc: streamDoc },
      handler: stream,
    })
    app.route({
      method: ['QUERY', 'POST'],
      url: STREAM_PATH,
      bodyLimit: settings.maxFilterBytes,
      config: { doc: filteredStreamDoc },
      handler: stream,
    })
    app.post(
      TICKET_PATH,
      {
        bodyLimit: settings.maxFilterBytes,
        config: { doc: ticketDoc },
        schema: { response: { 201: streamTicket } },
      },
      ticketHandler(options, tickets, STREAM_PATH),
    )
    allow(app, TICKET_PATH, 'POST, OPTIONS')
    allow(app, FEED_PATH, 'GET, HEAD, OPTIONS')
    allow(app, STREAM_PATH, 'GET, HEAD, QUERY, POST, OPTIONS')
  }

const allow = (app: FastifyInstance, url: string, methods: string): void => {
  if (app.hasRoute({ url, method: 'OPTIONS' })) return
  app.options(url, async (_request, reply) => {
    reply.code(204).header('allow', methods)
    if (methods.includes('QUERY')) reply.header('accept-query', 'application/json')
    return reply.send()
  })
}
