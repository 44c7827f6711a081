// Webhook endpoints for the common suite of transports: a connection is an endpoint, registered over the routes, with a
// receiver of its own; to resume is to register with a start cursor. All stages share one database; a log is new for
// each.
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { createSecretBox } from '../../../src/adapters/files/secret-box.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import { createMemoryWorkQueue } from '../../../src/adapters/memory/work-queue.ts'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { createWebhookStore } from '../../../src/adapters/postgres/webhook-store/store.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { randomToken } from '../../../src/adapters/system/random.ts'
import { createWebhooks } from '../../../src/application/webhooks.ts'
import { createCommandHandler } from '../../../src/commands/handle.ts'
import type { Principal } from '../../../src/core/auth.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import type { SqlDatabase } from '../../../src/core/sql.ts'
import { type Caller, ProblemError } from '../../../src/transports/http/host.ts'
import { PROBLEMS } from '../../../src/transports/http/problem.ts'
import { zodValidator } from '../../../src/transports/http/validation.ts'
import { createWebhookRoutes } from '../../../src/transports/http/webhooks/routes.ts'
import { createWebhookEngine } from '../../../src/transports/webhooks/engine.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import type { Stage } from '../../contracts/transport/types.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { catalogue, plainCursors } from '../feed/harness.ts'
import { type Ask, createConnect } from './client.ts'

const secretBox = createSecretBox({ directory: '', keys: [Buffer.alloc(32, 7)] })

const logger = silentLogger
const TABLES = ['endpoints', 'blocked', 'dead', 'replays', 'attempts', 'secrets', 'search']

export const webhookStage = async (t: Test, database: SqlDatabase): Promise<Stage> => {
  for (const table of TABLES) await database.query(`delete from pawtrail.webhook_${table}`)
  const clock = fixedClock()
  const eventStore = createMemoryEventStore({ clock })
  const ids = uuidV7(clock)
  const webhookStore = createWebhookStore({ database, secretBox })
  const handler = createCommandHandler({ eventStore, ids })
  const webhooks = createWebhooks({ handler, eventStore, webhookStore, clock, ids, randomToken })
  const cursors = plainCursors()
  const queue = createMemoryWorkQueue({ clock, logger })
  const outbound = createOutbound({ allowInsecure: true, logger })
  const disabled = new Map<string, () => void>()
  const shared = { eventStore, webhookStore, outbound, cursors, clock, ids, logger }
  const engine = createWebhookEngine({
    ...shared,
    ...{ workQueue: queue, catalogue, documented: async () => undefined, random: () => 0.5 },
    application: {
      webhooks: {
        ...webhooks,
        disable: async (...given) => {
          const result = await webhooks.disable(...given)
          disabled.get(given[1])?.()
          return result
        },
      },
    },
    ...{ metrics: noMetrics, schemaBase: 'https://schemas.test' },
  })
  const principals = new Map(
    [...principalsAt(clock())].map(([token, each]) => [token, keeper(each)]),
  )
  const routes = createWebhookRoutes({
    ...shared,
    settings: { publicUrl: 'https://pets.test' },
    application: { webhooks },
    deliveries: engine,
  })
  const app = await server(routes, (authorization) => {
    const principal = principals.get(authorization.replace('Bearer ', ''))
    return principal !== undefined && principal.expiresAtMs > clock() ? principal : undefined
  })
  await engine.start()
  const ask: Ask = async ({ method, path, headers, body }) => {
    const payload = body === undefined ? {} : { payload: body }
    const answer = await app.inject({ method, url: path, headers: { ...headers }, ...payload })
    return { status: answer.statusCode, body: answer.body }
  }
  const { connect, leaveAll } = createConnect(t, { ask, principals, disabled })
  t.teardown(async () => {
    await leaveAll()
    await engine.stop()
    await app.close()
    await eventStore.close()
  })
  const pass = (ms: number): void => {
    clock.advance(ms)
    queue.poke()
  }
  return { store: eventStore, cursors, principals, now: clock, pass, connect }
}

/** Whoever comes may keep endpoints; what else one may see stays as it is. */
const keeper = (principal: Principal): Principal => ({
  ...principal,
  scopes: new Set([...principal.scopes, 'read:webhooks', 'write:webhooks']),
})

const server = async (
  routes: (app: FastifyInstance) => void,
  principalOf: (authorization: string) => Principal | undefined,
): Promise<FastifyInstance> => {
  const app = Fastify()
  app.setValidatorCompiler(zodValidator)
  app.setSerializerCompiler(() => JSON.stringify)
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    const tenant = request.headers['x-tenant-id']
    const tenantId = tenant === undefined ? SHARED_TENANT : tenantIdSchema.parse(tenant)
    request.caller = { tenantId, principal: null } satisfies Caller
    if (request.headers.authorization === undefined) return
    const principal = principalOf(request.headers.authorization)
    if (principal === undefined) throw new ProblemError('unauthorized', 'Good for nothing.')
    request.caller = { tenantId, principal } satisfies Caller
  })
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof ProblemError ? PROBLEMS[error.type][0] : 500
    void reply.code(status).send(JSON.stringify({ detail: (error as Error).message }))
  })
  routes(app)
  await app.ready()
  return app
}
