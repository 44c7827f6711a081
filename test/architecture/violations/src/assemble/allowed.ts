// Nothing here may be caught: a package's types.
import type { FastifyInstance } from 'fastify'

export type Server = FastifyInstance
