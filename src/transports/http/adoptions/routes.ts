// /v1/adoptions: applications for adoption. Applicants see their own and may withdraw it; staff see and decide all.
import type { FastifyInstance } from 'fastify'
import type { RouteParts } from '../options.ts'
import { readRoutes } from './read.ts'
import { writeRoutes } from './write.ts'

export const adoptionRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  readRoutes(app, parts)
  writeRoutes(app, parts)
}
