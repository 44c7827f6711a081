// What a route says of itself for the published documents, beside the schemas that check its requests and describe its
// answers. Kept in the route's config as `doc`.
import type { z } from 'zod'
import type { Scope } from '../../core/auth.ts'
import type { JsonObject } from '../../core/json.ts'

export type RouteDoc = Readonly<{
  summary: string // a few words, without a full stop
  description?: string
  /**
   * `public`: no token is looked at. `optional`: a token is looked at when there is one. Otherwise a token with all
   * of these scopes; with none of them any token will do.
   */
  security: 'public' | 'optional' | readonly Scope[]
  /** Statuses of problems that this route can answer beside those that follow from its method, path and schemas. */
  problems?: readonly number[]
  /** Examples of bodies, by name: each fits the body's schema and is sent by a test. */
  examples?: Readonly<Record<string, unknown>>
  /** Names of headers of the good answers beside those that follow from method and status. */
  headers?: readonly string[]
  /** False for a POST that creates nothing, such as a search. */
  idempotencyKey?: boolean
  /** For a route that reads its request itself: what it takes. */
  query?: z.ZodType
  body?: z.ZodType
  operationId?: string
  tags?: readonly string[]
  /** Bodies and answers that are not JSON: media types with their OpenAPI media type objects. */
  requestContent?: Readonly<Record<string, JsonObject>>
  responseContent?: Readonly<Record<number, Readonly<Record<string, JsonObject>>>>
  callbacks?: JsonObject
  /** Which document the route is in. */
  profile?: 'modern' | 'classic' | 'oauth'
}>

declare module 'fastify' {
  interface FastifyContextConfig {
    doc?: RouteDoc
  }
}
