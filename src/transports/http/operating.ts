// For who runs the server: is it alive, is it ready, what does it measure, which keys sign its tokens.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { sendProblem } from './errors.ts'
import type { RouteParts } from './options.ts'
import { ProblemError } from './problem.ts'

const NO_STORE = { 'cache-control': 'no-store' } as const
const JWKS_CACHE = { 'cache-control': 'public, max-age=300' } as const
const KEYS_PATH = '/.well-known/jwks.json'
const RETRY_AFTER_SECONDS = '2'

const openly = (summary: string, problems: readonly number[] = []) =>
  ({
    isOpen: true,
    doc: {
      summary,
      security: 'public',
      problems,
      tags: ['operating'],
    },
  }) as const

const answers = (answer: z.ZodType) => ({ response: { 200: answer } })
const ALIVE = answers(z.strictObject({ status: z.literal('alive') }))
const READY = answers(
  z.strictObject({
    status: z.literal('ready'),
    lag: z.int().min(0).describe('Positions that the read models are behind the log'),
  }),
)
const INDEX = answers(
  z.strictObject({ name: z.string(), links: z.record(z.string(), z.url()).describe('By name') }),
)
const KEYS = answers(
  z.strictObject({
    keys: z
      .array(
        z
          .looseObject({ kty: z.string(), kid: z.string(), alg: z.string(), use: z.string() })
          .describe('A JSON Web Key (RFC 7517)'),
      )
      .describe('The newest signs; older ones are good until their tokens are over'),
  }),
)

const METRICS = {
  isOpen: true,
  doc: {
    summary: 'What is measured',
    description: 'In the text format of Prometheus.',
    security: 'public',
    tags: ['operating'],
    responseContent: { 200: { 'text/plain': { schema: { type: 'string' } } } },
  },
} as const

export const operatingRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const config = openly('The index of this server')
  const alive = { config: openly('Is the process alive'), schema: ALIVE }
  app.get('/livez', alive, (_request, reply) => reply.headers(NO_STORE).send({ status: 'alive' }))

  const readiness = { config: openly('Is it ready to serve', [503]), schema: READY }
  app.get('/readyz', readiness, async (request, reply) => {
    const { ready, ...details } = await parts.readiness()
    if (ready) return reply.headers(NO_STORE).send({ status: 'ready', ...details })
    const reasons = Object.entries(details).map(([part, state]) => ({
      field: part,
      message: typeof state === 'string' ? state : JSON.stringify(state),
    }))
    const problem = new ProblemError('service-unavailable', 'Not ready to serve yet.', {
      errors: reasons,
      headers: { 'retry-after': RETRY_AFTER_SECONDS },
    })
    return sendProblem(request, reply, problem)
  })

  app.get('/metrics', { config: METRICS }, async (_request, reply) =>
    reply
      .headers(NO_STORE)
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(await parts.metricsText()),
  )

  const { jwks } = parts
  if (jwks !== undefined) {
    const keys = { config: openly('The keys that sign tokens'), schema: KEYS }
    app.get(KEYS_PATH, keys, (_request, reply) => reply.headers(JWKS_CACHE).send(jwks()))
  }

  const { publicUrl } = parts.settings
  const index = {
    name: 'Pawtrail',
    links: {
      self: `${publicUrl}/`,
      pets: `${publicUrl}/v1/pets`,
      shelters: `${publicUrl}/v1/shelters`,
      inventory: `${publicUrl}/v1/inventory`,
      documents: `${publicUrl}/v1/swagger-ui.html`,
      openapi: `${publicUrl}/v1/openapi.json`,
      ...(jwks === undefined ? {} : { keys: publicUrl + KEYS_PATH }),
      live: `${publicUrl}/livez`,
      ready: `${publicUrl}/readyz`,
    },
  }
  app.get('/', { config, schema: INDEX }, (_request, reply) =>
    reply.headers(JWKS_CACHE).send(index),
  )
}
