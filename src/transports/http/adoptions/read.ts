// Reading applications. A single one comes from the log and is never behind; lists come from the read model.
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { AdoptionQuery } from '../../../application.ts'
import { notFound } from '../command-answer.ts'
import { pathId, queryList } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import { clash, listParameters, notBoth, queryId, sendList } from '../paging.ts'
import { maySee, partyOnly, personListed, requireParty } from '../party.ts'
import { sendPrivate } from '../private-answer.ts'
import type { RequestTypes } from '../validation.ts'
import { adoptionDocs } from './docs.ts'
import { ADOPTION_STATUSES, adoptionCollectionSchema, adoptionSchema } from './schema.ts'
import { adoptionJson, adoptionTag } from './view.ts'

const tags = ['adoptions']

export const adoptionParams = z.strictObject({ id: pathId })
const listQuery = z
  .strictObject({
    status: queryList(ADOPTION_STATUSES).optional(),
    applicantId: queryId(),
    petId: queryId(),
    ...listParameters,
  })
  .refine(notBoth, clash)

export const readRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const { eventCursors } = parts
  const { adoptions } = parts.application
  const shared = { compress: false, onRequest: partyOnly('read:adoptions') } as const

  routes.get(
    '/v1/adoptions',
    {
      ...shared,
      config: { isJson: true, doc: adoptionDocs.list },
      preHandler: eventCursors.waitForCursor,
      schema: {
        operationId: 'listAdoptions',
        tags,
        querystring: listQuery,
        response: { 200: adoptionCollectionSchema },
      },
    },
    (request, reply) => {
      const party = requireParty(request, 'read:adoptions')
      const { tenantId } = party
      const { status, petId, applicantId, ...paging } = request.query
      const owner = personListed(party, applicantId)
      const filter: Omit<AdoptionQuery, 'limit' | 'place'> = {
        ...(status === undefined ? {} : { statuses: status }),
        ...(petId === undefined ? {} : { petId }),
        ...(owner === undefined ? {} : { applicantId: owner }),
      }
      return sendList(request, reply, {
        tenantId,
        eventCursor: parts.eventCursors.ofReadModel(tenantId),
        base: `${parts.settings.publicUrl}/v1/adoptions`,
        filters: { status, petId, applicantId },
        paging,
        load: (part) => adoptions.list(tenantId, { ...filter, ...part }),
        view: (adoption) => adoptionJson(tenantId, adoption),
      })
    },
  )

  routes.get(
    '/v1/adoptions/:id',
    {
      ...shared,
      config: { isJson: true, doc: adoptionDocs.get },
      schema: {
        operationId: 'getAdoption',
        tags,
        params: adoptionParams,
        querystring: z.strictObject({}),
        response: { 200: adoptionSchema },
      },
    },
    async (request, reply) => {
      const party = requireParty(request, 'read:adoptions')
      const { tenantId } = party
      const eventCursor = eventCursors.ofReadModel(tenantId)
      const adoption = await adoptions.get(tenantId, request.params.id)
      if (adoption === undefined || !maySee(party, adoption.applicantId)) {
        throw notFound('application')
      }
      const json = JSON.stringify(adoptionJson(tenantId, adoption))
      const tag = adoptionTag(adoption)
      return sendPrivate(request, reply, { tenantId, json, eventCursor, tag })
    },
  )
}
