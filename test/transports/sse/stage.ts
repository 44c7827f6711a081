// The event routes on a real socket for the common suite of transports: a token is the name of a principal.
import type { AddressInfo, Socket } from 'node:net'
import Fastify from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { Test } from 'tap'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import { type Caller, ProblemError } from '../../../src/transports/http/host.ts'
import { problemBody, PROBLEMS } from '../../../src/transports/http/problem.ts'
import { createEventRoutes } from '../../../src/transports/sse/routes.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import type { Stage } from '../../contracts/transport/types.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { feedHarness } from '../feed/harness.ts'
import type { Connect } from './page-client.ts'

const HEARTBEAT_MS = 50 // so that checkpoints come soon

export const httpStage = async (t: Test, connect: Connect): Promise<Stage> => {
  const clock = fixedClock()
  const { store, feed, cursors } = await feedHarness(t, {
    clock,
    settings: { heartbeatMs: HEARTBEAT_MS },
  })
  const principals = principalsAt(clock())
  const callerOf = (tenant: unknown, authorization: string | undefined): Caller => {
    const tenantId = tenant === undefined ? SHARED_TENANT : tenantIdSchema.parse(tenant)
    if (authorization === undefined) return { tenantId, principal: null }
    const principal = principals.get(authorization.replace('Bearer ', ''))
    if (principal === undefined || principal.expiresAtMs <= clock()) {
      throw new ProblemError('unauthorized', 'The token is good for nothing.')
    }
    return { tenantId, principal }
  }
  const app = Fastify()
  app.setSerializerCompiler(serializerCompiler)
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    request.caller = callerOf(request.headers['x-tenant-id'], request.headers.authorization)
  })
  app.setErrorHandler((error, request, reply) => {
    const problem =
      error instanceof ProblemError
        ? error
        : new ProblemError('internal-server-error', (error as Error).message)
    void reply
      .code(PROBLEMS[problem.type][0])
      .type('application/problem+json')
      .send(JSON.stringify(problemBody(problem, request.url)))
  })
  await app.register(createEventRoutes({ feed, cursors, clock, random: () => 0.5, randomToken }))
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    return app.close()
  })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${String(port)}`
  return {
    ...{ store, cursors, principals, now: clock },
    pass: clock.advance,
    buffered: () => [...sockets].map((socket) => socket.writableLength),
    connect: (wanted) => connect({ url, ...wanted }),
  }
}
