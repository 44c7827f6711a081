// /v1/shelters: the sites of a tenant. Readable as pets are; kept by staff.
import type { FastifyInstance } from 'fastify'
import type { RouteParts } from '../options.ts'
import { readRoutes } from './read.ts'
import { writeRoutes } from './write.ts'

export const shelterRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  readRoutes(app, parts)
  writeRoutes(app, parts)
}
