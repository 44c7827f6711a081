// /shelters and /classic/shelters, which are the same. Of the pets that wait there they count those that /pets lists.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ClassicRange, ClassicShelterField, ShelterView } from '../../../application.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { ShelterProfile } from '../../../events/shelter.ts'
import { createUrlMemo } from '../cached-read.ts'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import { ignored, optionalText, text } from '../fields.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import { listControls, rangeOf, STARTS_ONCE, startsOnce } from './controls.ts'
import { EXAMPLES } from './examples.ts'
import {
  type Base,
  type Exchange,
  type Found,
  notFoundById,
  sendFound,
  totalCount,
} from './reading.ts'
import { forgetUnknownControls, idParams } from './validation.ts'
import {
  doneById,
  followed,
  sendNew,
  sendWritten,
  staff,
  staffWrite,
  withoutId,
  writeDoc,
} from './writing.ts'

const shelterSchema = z
  .strictObject({
    name: z.string(),
    address: z.string().nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    hours: z.string().nullable(),
    available_pet_count: z.int(),
    adoption_fee_range: z.string().nullable(),
    id: z.int(),
  })
  .meta({ id: 'ClassicShelter' })

const fields = {
  name: text(100),
  address: optionalText(300).unwrap(),
  phone: optionalText(40).unwrap(),
  email: z.email('Must be an e-mail address').max(254).nullable(),
  hours: optionalText(200).unwrap(),
  adoption_fee_range: z
    .string()
    .regex(/^\d{1,8}(-\d{1,8})?$/, 'Must be an amount or a range such as 75-200')
    .nullable(),
}
const readOnly = { id: ignored, available_pet_count: ignored }
const fullBody = z.strictObject({ ...fields, ...readOnly })
const patchBody = z.strictObject({ ...z.object(fields).partial().shape, ...readOnly })

const SORT_FIELDS: Readonly<Record<string, ClassicShelterField>> = {
  id: 'serial',
  name: 'name',
  available_pet_count: 'availablePetCount',
}
const listParameters = listControls(Object.keys(SORT_FIELDS))
const listQuery = z.strictObject(listParameters).refine(startsOnce, STARTS_ONCE)
const querystring = z.strictObject({})
const tags = ['shelters']

export const shelterRoutes = (app: FastifyInstance, parts: RouteParts, base: Base): void => {
  listRoute(app, parts, base)
  singleRoute(app, parts, base)
  registerRoute(app, parts, base)
  updateRoutes(app, parts, base)
}

type ListPlan = Readonly<{ key: string; range: ClassicRange<ClassicShelterField> }>

const listRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const memo = createUrlMemo<ListPlan>(parts.cache)
  app.withTypeProvider<RequestTypes>().get(
    url,
    {
      config: {
        isJson: true,
        doc: {
          profile: 'classic',
          summary: 'List shelters',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor', 'X-Total-Count'],
        },
      },
      compress: false,
      schema: {
        operationId: `listShelters${name}`,
        tags,
        querystring: listQuery,
        response: { 200: z.array(shelterSchema) },
      },
      onRequest: [parts.readGate, memo.shortcut],
      preValidation: forgetUnknownControls(listParameters),
      preHandler: parts.eventCursors.waitForCursor,
    },
    (request, reply) => {
      const range = rangeOf(request.query, SORT_FIELDS)
      const plan = { key: `classic:shelters?${JSON.stringify(range)}`, range }
      memo.remember(request, plan)
      const find = async (tenantId: TenantId): Promise<Found> => {
        const { items, totalItems } = await parts.application.classic.shelters.list(tenantId, range)
        return { json: JSON.stringify(items.map(shelterView)), headers: totalCount(totalItems) }
      }
      return sendFound(parts, { request, reply }, { key: plan.key, find })
    },
  )
}

const singleRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  app.withTypeProvider<RequestTypes>().get(
    `${url}/:id`,
    {
      config: {
        isJson: true,
        doc: {
          profile: 'classic',
          summary: 'Get a shelter',
          security: 'optional',
          headers: ['ETag', 'Event-Cursor'],
        },
      },
      compress: false,
      schema: {
        operationId: `getShelter${name}`,
        tags,
        params: idParams,
        querystring,
        response: { 200: shelterSchema },
      },
      onRequest: parts.readGate,
      preValidation: forgetUnknownControls({}),
      preHandler: parts.eventCursors.waitForCursor,
    },
    async (request, reply) => {
      const { id } = request.params
      const find = async (tenantId: TenantId): Promise<Found | undefined> => {
        const shelter = await parts.application.classic.shelters.get(tenantId, id)
        return shelter && { json: JSON.stringify(shelterView(shelter)), tag: shelterTag(shelter) }
      }
      const sent = await sendFound(
        parts,
        { request, reply },
        { key: `classic:shelter/${id}`, find },
      )
      if (sent === undefined) throw notFoundById('Shelter', id)
      return sent
    },
  )
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

type Shown = ShelterProfile & Pick<ShelterView, 'serial' | 'availablePetCount' | 'version'>

const shownAfter = (
  done: Readonly<{ version: number; state: Readonly<{ profile: ShelterProfile }> }>,
  { serial, availablePetCount }: Pick<Shown, 'serial' | 'availablePetCount'>,
): Shown => ({ ...done.state.profile, version: done.version, serial, availablePetCount })

const shelterView = (shelter: Shown) => ({
  name: shelter.name,
  address: shelter.address,
  phone: shelter.phone,
  email: shelter.email,
  hours: shelter.hours,
  available_pet_count: shelter.availablePetCount,
  adoption_fee_range: shelter.adoptionFeeRange,
  id: shelter.serial,
})

/** The count of pets moves without the shelter's version, which is what If-Match reads. */
const shelterTag = ({ version, availablePetCount }: Shown): string =>
  `"v${version}.${availablePetCount}"`
