// A shelter is registered, changed and removed, by staff.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { contextOf, doneOrThrow } from '../../command-answer.ts'
import { underIfMatch } from '../../conditional.ts'
import { feeRangeField, ignored, optionalText, text } from '../../fields.ts'
import type { RouteParts } from '../../options.ts'
import type { RequestTypes } from '../../validation.ts'
import { EXAMPLES } from '../examples.ts'
import { type Base, type Exchange, notFoundById } from '../reading.ts'
import { idParams } from '../validation.ts'
import {
  doneById,
  followed,
  sendNew,
  sendWritten,
  staff,
  staffWrite,
  withoutId,
  writeDoc,
} from '../writing.ts'
import { querystring, shelterSchema, shelterTag, shelterView, shownAfter, tags } from './view.ts'

const fields = {
  name: text(100),
  address: optionalText(300).unwrap(),
  phone: optionalText(40).unwrap(),
  email: z.email('Must be an e-mail address').max(254).nullable(),
  hours: optionalText(200).unwrap(),
  adoption_fee_range: feeRangeField.nullable(),
}
const readOnly = { id: ignored, available_pet_count: ignored }
const fullBody = z.strictObject({ ...fields, ...readOnly })
const patchBody = z.strictObject({ ...z.object(fields).partial().shape, ...readOnly })

export const shelterWriteRoutes = (app: FastifyInstance, parts: RouteParts, base: Base): void => {
  registerRoute(app, parts, base)
  updateRoutes(app, parts, base)
  removeRoute(app, parts, base)
}

const registerRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const { shelters } = parts.application
  const doc = writeDoc({
    summary: 'Add a shelter',
    description: '202: recorded, its id follows.',
    examples: { harbour: EXAMPLES.shelter },
  })
  app.withTypeProvider<RequestTypes>().post(
    url,
    {
      ...staffWrite,
      config: { isJson: true, doc },
      schema: {
        operationId: `createShelter${name}`,
        tags,
        querystring,
        body: fullBody,
        response: { 201: shelterSchema, 202: withoutId(shelterSchema) },
      },
    },
    async (request, reply) => {
      const writer = staff(request)
      const { tenantId } = writer
      const { adoption_fee_range: adoptionFeeRange, ...rest } = request.body
      const { name: called, address, phone, email, hours } = rest
      const profile = { name: called, address, phone, email, hours, adoptionFeeRange }
      const call = { request, ...writer, content: request.body }
      const result = await parts.runIdempotent(call, (idempotency) =>
        shelters.register(contextOf(request, writer, { idempotency }), profile),
      )
      const done = doneOrThrow(result, 'shelter')
      await followed(parts, done)
      const number = (await shelters.get(tenantId, done.id))?.serial
      const shelter = shownAfter(done, { serial: number ?? 0, availablePetCount: 0 })
      const written = { tenantId, done, tag: shelterTag(shelter), view: shelterView(shelter) }
      return sendNew(parts, reply, { ...written, base: url, number })
    },
  )
}

const updateRoutes = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const changed = { tags, params: idParams, querystring, response: { 200: shelterSchema } }
  const examples = { harbour: EXAMPLES.shelter }
  routes.put(
    `${url}/:id`,
    {
      ...staffWrite,
      config: { isJson: true, doc: writeDoc({ summary: 'Replace a shelter', examples }) },
      schema: { ...changed, operationId: `replaceShelter${name}`, body: fullBody },
    },
    (request, reply) =>
      update(parts, { request, reply }, { ...request.params, body: request.body }),
  )
  routes.patch(
    `${url}/:id`,
    {
      ...staffWrite,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: writeDoc({ summary: 'Change a shelter', examples }),
      },
      schema: { ...changed, operationId: `patchShelter${name}`, body: patchBody },
    },
    (request, reply) =>
      update(parts, { request, reply }, { ...request.params, body: request.body }),
  )
}

type Change = Readonly<{ id: number; body: z.output<typeof patchBody> }>

const update = async (
  parts: RouteParts,
  { request, reply }: Exchange,
  { id, body }: Change,
): Promise<FastifyReply> => {
  const writer = staff(request)
  const { tenantId } = writer
  const known = await parts.application.classic.shelters.get(tenantId, id)
  if (known === undefined) throw notFoundById('Shelter', id)
  const { name, address, phone, email, hours, adoption_fee_range: adoptionFeeRange } = body
  const changes = { name, address, phone, email, hours, adoptionFeeRange }
  const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
    parts.application.shelters.update(
      contextOf(request, writer, { expectedVersion }),
      known.id,
      changes,
    ),
  )
  const done = doneById(result, 'Shelter', id)
  await followed(parts, done)
  const shelter = shownAfter(done, known)
  const written = { tenantId, done, tag: shelterTag(shelter), view: shelterView(shelter) }
  return sendWritten(parts, reply, written)
}

const removeRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const { shelters } = parts.application
  const doc = writeDoc({
    summary: 'Remove a shelter',
    description: 'Answers with the shelter as it was. Refused while any pet in its care is left.',
  })
  app.withTypeProvider<RequestTypes>().delete(
    `${url}/:id`,
    {
      ...staffWrite,
      config: { isJson: true, doc },
      schema: {
        operationId: `deleteShelter${name}`,
        tags,
        params: idParams,
        querystring,
        response: { 200: shelterSchema },
      },
    },
    async (request, reply) => {
      const writer = staff(request)
      const { tenantId } = writer
      const { id } = request.params
      const known = await parts.application.classic.shelters.get(tenantId, id)
      if (known === undefined) throw notFoundById('Shelter', id)
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        shelters.remove(contextOf(request, writer, { expectedVersion }), known.id, {
          reason: null,
        }),
      )
      const done = doneById(result, 'Shelter', id)
      await followed(parts, done)
      // None was in care, so none was available.
      const shelter = shownAfter(done, { serial: id, availablePetCount: 0 })
      return sendWritten(parts, reply, { tenantId, done, view: shelterView(shelter) })
    },
  )
}
