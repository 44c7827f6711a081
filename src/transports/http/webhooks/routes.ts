// /v1/webhooks: addresses that a tenant's events are sent to, kept by whoever has the scopes for it.
import type { FastifyInstance } from 'fastify'
import { createIdempotentRunner } from '../idempotency.ts'
import type { WebhookRouteOptions } from './options.ts'
import { readRoutes } from './read.ts'
import { stepRoutes } from './steps.ts'
import { writeRoutes } from './write.ts'

export const createWebhookRoutes =
  (options: WebhookRouteOptions) =>
  (app: FastifyInstance): void => {
    const idempotently = createIdempotentRunner()
    readRoutes(app, options)
    writeRoutes(app, options, idempotently)
    stepRoutes(app, options, idempotently)
  }
