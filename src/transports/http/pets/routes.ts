// /v1/pets: the pets themselves. Reads are public and cached; writes are for staff.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { includeParameter, petIdParams } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import { petDocs } from './docs.ts'
import { historyRoute } from './history.ts'
import { imageRoutes } from './images.ts'
import { ACCEPT_QUERY, sendPetSearch } from './list.ts'
import { petListQuery, planSearch } from './query.ts'
import { petCollectionSchema, petAnswer } from './schema.ts'
import { listQueryOf, petSearchBody } from './search-body.ts'
import { planRead, sendPet } from './single.ts'
import { writeRoutes } from './write.ts'
import type { RequestTypes } from '../validation.ts'

const includeQuery = z.strictObject({ include: includeParameter })

export const petRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  listRoutes(app, parts)
  singleRoutes(app, parts)
  writeRoutes(app, parts)
  historyRoute(app, parts)
  imageRoutes(app, parts)
}

const tags = ['pets']
const listConfig = { isJson: true, acceptQuery: ACCEPT_QUERY } as const

const listRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { memo, shortcut, eventCursors, readGate } = parts
  const response = { 200: petCollectionSchema }

  routes.get(
    '/v1/pets',
    {
      config: { ...listConfig, doc: petDocs.list },
      compress: false,
      schema: { operationId: 'listPets', tags, querystring: petListQuery, response },
      onRequest: [readGate, shortcut],
      preHandler: eventCursors.waitForCursor,
    },
    (request, reply) => {
      const plan = planSearch(request.query)
      memo.remember(request, plan)
      return sendPetSearch(parts, request, reply, plan)
    },
  )

  const searches = [
    ['QUERY', '/v1/pets', 'searchPets'],
    ['QUERY', '/v1/pets/search', 'searchPetsByQuery'],
    ['POST', '/v1/pets/search', 'searchPetsByPost'],
  ] as const
  for (const [method, url, operationId] of searches) {
    routes.route({
      method,
      url,
      config: { ...listConfig, doc: petDocs.search },
      compress: false,
      schema: { operationId, tags, querystring: includeQuery, body: petSearchBody, response },
      onRequest: readGate,
      preHandler: eventCursors.waitForCursor,
      handler: (request, reply) => {
        const plan = planSearch(listQueryOf(request.body, request.query.include))
        return sendPetSearch(parts, request, reply, plan)
      },
    })
  }
}

const singleRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const { memo, shortcut, eventCursors, readGate } = parts
  app.withTypeProvider<RequestTypes>().get(
    '/v1/pets/:id',
    {
      config: { isJson: true, doc: petDocs.get },
      compress: false,
      schema: {
        operationId: 'getPet',
        tags,
        params: petIdParams,
        querystring: includeQuery,
        response: { 200: petAnswer },
      },
      onRequest: [readGate, shortcut],
      preHandler: eventCursors.waitForCursor,
    },
    (request, reply) => {
      const plan = planRead(request.params.id, request.query.include ?? [])
      memo.remember(request, plan)
      return sendPet(parts, request, reply, plan)
    },
  )
}
