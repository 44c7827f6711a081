// The event routes on a real socket, in a small server whose only hook says who is calling.
import { connect, type AddressInfo, type Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { Test } from 'tap'
import type { Principal, Scope } from '../../../src/core/auth.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { createEventRoutes } from '../../../src/transports/sse/routes.ts'
import type { SseSettings } from '../../../src/transports/sse/settings.ts'
import { type Caller, ProblemError } from '../../../src/transports/http/host.ts'
import { problemBody, PROBLEMS } from '../../../src/transports/http/problem.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import {
  feedHarness,
  type FeedHarness,
  type HarnessOptions,
  TENANT,
  until,
} from '../feed/harness.ts'

export type SseHarness = FeedHarness &
  Readonly<{ app: FastifyInstance; url: string; port: number; sockets: () => Socket[] }>

export const CLOCK = fixedClock()

export const principal = (
  scopes: readonly Scope[] = ['read:events'],
  more: Partial<Principal> = {},
): Principal => ({
  subject: 'u1',
  kind: 'user',
  tenants: [TENANT],
  scopes: new Set(scopes),
  expiresAtMs: CLOCK() + 3_600_000,
  ...more,
})

export type SseOptions = HarnessOptions &
  Readonly<{ sse?: Partial<SseSettings>; principal?: Principal | null; random?: () => number }>

/** Requests carry x-tenant-id; whoever sends `authorization` is the principal. */
export const sseHarness = async (t: Test, options: SseOptions = {}): Promise<SseHarness> => {
  const clock = options.clock ?? CLOCK
  const harness = await feedHarness(t, { ...options, clock })
  const app = Fastify()
  app.setSerializerCompiler(serializerCompiler)
  const sockets: Socket[] = []
  app.server.on('connection', (socket) => sockets.push(socket))
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request, reply) => {
    const tenant = request.headers['x-tenant-id']
    const caller: Caller = {
      tenantId: tenant === undefined ? SHARED_TENANT : tenantIdSchema.parse(tenant),
      principal:
        request.headers.authorization === undefined ? null : (options.principal ?? principal()),
    }
    request.caller = caller
    reply.headers({ 'x-request-id': 'r1', 'access-control-allow-origin': '*' })
    reply.header('ratelimit', '"default";r=99')
  })
  app.setErrorHandler((error, request, reply) => {
    const problem =
      error instanceof ProblemError
        ? error
        : new ProblemError('internal-server-error', (error as Error).stack ?? 'no stack')
    void reply
      .code(PROBLEMS[problem.type][0])
      .headers(problem.headers)
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(problem, request.url)))
  })
  await app.register(
    createEventRoutes({
      feed: harness.feed,
      cursors: harness.cursors,
      clock,
      random: options.random ?? (() => 0.5),
      randomToken,
      ...(options.sse === undefined ? {} : { settings: options.sse }),
    }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return app.close()
  })
  const { port } = app.server.address() as AddressInfo
  return {
    ...harness,
    ...{ app, port, sockets: () => sockets, url: `http://127.0.0.1:${String(port)}` },
  }
}

export const STAFF = { authorization: 'Bearer t', 'x-tenant-id': TENANT }

export type Block = Readonly<{ id?: string; event?: string; data?: string; retry?: string }>

type Spoken = { sequence: string; id: string; cursor: string; type: string; data: object }
export const spoken = (data: string | undefined): Spoken => JSON.parse(data ?? '') as Spoken

export type Stream = Readonly<{
  response: Response
  blocks: Block[]
  events: () => Spoken[]
  eventCount: () => number
  named: (name: string) => Record<string, unknown>[]
  isEnded: () => boolean
  close: () => void
}>

/** A reader of event streams that keeps every block, also those that a browser would swallow. */
export const openStream = async (
  url: string,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Stream> => {
  const aborter = new AbortController()
  const response = await fetch(url, { ...init, signal: aborter.signal })
  const blocks: Block[] = []
  let isEnded = false
  const read = async () => {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      blocks.push(...parts.map(blockOf))
    }
  }
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  if (isStream) {
    void read()
      .catch(() => {})
      .finally(() => {
        isEnded = true
      })
  }
  return {
    response,
    blocks,
    events: () =>
      blocks.flatMap(({ event, data }) =>
        event === undefined && data !== undefined ? [spoken(data)] : [],
      ),
    eventCount: () =>
      blocks.filter(({ event, data }) => event === undefined && data !== undefined).length,
    named: (name) =>
      blocks.flatMap(({ event, data }) =>
        event === name ? [JSON.parse(data ?? '') as Record<string, unknown>] : [],
      ),
    isEnded: () => isEnded,
    close: () => {
      aborter.abort()
    },
  }
}

const blockOf = (text: string): Block =>
  Object.fromEntries(
    text.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon) || 'comment', line.slice(colon + 1).trimStart()]
    }),
  )

export const sequencesOf = (stream: Stream): number[] =>
  stream.events().map(({ sequence }) => Number(sequence))

/** A client that asks for the stream and then never reads. */
export const frozenClient = async (t: Test, port: number, path: string): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1' })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\nx-tenant-id: ${TENANT}\r\n\r\n`,
  )
  await until(() => socket.readyState === 'open', 'the connection')
  return socket
}
