// Writes on pets in the classic shape. They become the same commands as those of /v1; what the domain does not
// do by hand (a reservation, an adoption) is a conflict here.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ClassicPet, PetResult } from '../../../../application.ts'
import type { TenantId } from '../../../../core/ids.ts'
import type { PetState } from '../../../../events/pet-state.ts'
import { contextOf, type Done, doneOrThrow } from '../../command-answer.ts'
import { underIfMatch } from '../../conditional.ts'
import type { RouteParts } from '../../options.ts'
import { ProblemError } from '../../problem.ts'
import type { RequestTypes } from '../../validation.ts'
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
import {
  admission,
  fullPetBody,
  type NamedShelter,
  type PetPatchBody,
  petPatchBody,
  revision,
} from './body.ts'
import { EXAMPLES } from '../examples.ts'
import { classicPetSchema, petOfState, petTag, petView } from './view.ts'

const tags = ['pets']
const querystring = z.strictObject({})

export const petWriteRoutes = (app: FastifyInstance, parts: RouteParts, base: Base): void => {
  admitRoute(app, parts, base)
  reviseRoutes(app, parts, base)
  removeRoute(app, parts, base)
}

const admitRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const { pets } = parts.application
  const doc = writeDoc({
    summary: 'Add a pet',
    description: 'Its fee is the least that its shelter takes. 202: recorded, its id follows.',
    examples: { luna: EXAMPLES.pet },
  })
  app.withTypeProvider<RequestTypes>().post(
    url,
    {
      ...staffWrite,
      config: { isJson: true, doc },
      schema: {
        operationId: `createPet${name}`,
        tags,
        querystring,
        body: fullPetBody,
        response: { 201: classicPetSchema, 202: withoutId(classicPetSchema) },
      },
    },
    async (request, reply) => {
      const writer = staff(request)
      const { tenantId } = writer
      const { body } = request
      if (body.status !== 'available') throw notByHand(body.status)
      const shelter = await shelterOf(parts, tenantId, body.shelter_id)
      const today = new Date(parts.clock()).toISOString().slice(0, 10)
      const call = { request, ...writer, content: body }
      const result = await parts.runIdempotent(call, (idempotency) =>
        pets.admit(
          contextOf(request, writer, { idempotency }),
          admission(body, shelter ?? null, today),
        ),
      )
      const done = doneOrThrow(explained(result, body), 'pet')
      await followed(parts, done)
      const number = await parts.application.classic.pets.serialOf(tenantId, done.id)
      const pet = await petAfter(parts, tenantId, { done, serial: number ?? 0 })
      const written = { tenantId, done, tag: petTag(pet), view: petView(pet) }
      return sendNew(parts, reply, { ...written, base: url, number })
    },
  )
}

const reviseRoutes = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const changed = { tags, params: idParams, querystring, response: { 200: classicPetSchema } }
  const description = 'A pet becomes pending or adopted by orders and adoptions, never by hand.'
  const doc = writeDoc({
    summary: 'Replace a pet',
    description,
    examples: { luna: EXAMPLES.pet },
  })
  routes.put(
    `${url}/:id`,
    {
      ...staffWrite,
      config: { isJson: true, doc },
      schema: { ...changed, operationId: `replacePet${name}`, body: fullPetBody },
    },
    (request, reply) =>
      revise(parts, { request, reply }, { ...request.params, body: request.body }),
  )
  routes.patch(
    `${url}/:id`,
    {
      ...staffWrite,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: writeDoc({
          summary: 'Change a pet',
          description,
          examples: { older: EXAMPLES.patch },
        }),
      },
      schema: { ...changed, operationId: `patchPet${name}`, body: petPatchBody },
    },
    (request, reply) =>
      revise(parts, { request, reply }, { ...request.params, body: request.body }),
  )
}

type Change = Readonly<{ id: number; body: PetPatchBody }>

const revise = async (
  parts: RouteParts,
  { request, reply }: Exchange,
  { id, body }: Change,
): Promise<FastifyReply> => {
  const writer = staff(request)
  const { tenantId } = writer
  const known = await visiblePet(parts, tenantId, id)
  const shelter = await shelterOf(parts, tenantId, body.shelter_id)
  const input = revision(body, known, shelter)
  const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
    parts.application.pets.revise(
      contextOf(request, writer, { expectedVersion }),
      known.petId,
      input,
    ),
  )
  const done = doneById(explained(result, body), 'Pet', id)
  await followed(parts, done)
  const pet = await petAfter(parts, tenantId, { done, serial: id })
  return sendWritten(parts, reply, { tenantId, done, tag: petTag(pet), view: petView(pet) })
}

const removeRoute = (app: FastifyInstance, parts: RouteParts, { url, name }: Base): void => {
  app.withTypeProvider<RequestTypes>().delete(
    `${url}/:id`,
    {
      ...staffWrite,
      config: {
        isJson: true,
        doc: writeDoc({
          summary: 'Remove a pet',
          description: 'Answers with the pet as it was.',
        }),
      },
      schema: {
        operationId: `deletePet${name}`,
        tags,
        params: idParams,
        querystring,
        response: { 200: classicPetSchema },
      },
    },
    async (request, reply) => {
      const writer = staff(request)
      const { tenantId } = writer
      const { id } = request.params
      const known = await visiblePet(parts, tenantId, id)
      const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
        parts.application.pets.remove(
          contextOf(request, writer, { expectedVersion }),
          known.petId,
          { reason: null },
        ),
      )
      const done = doneById(result, 'Pet', id)
      await followed(parts, done)
      const pet = await petAfter(parts, tenantId, { done, serial: id })
      return sendWritten(parts, reply, { tenantId, done, view: petView(pet) })
    },
  )
}

const visiblePet = async (
  parts: RouteParts,
  tenantId: TenantId,
  id: number,
): Promise<ClassicPet> => {
  const pet = await parts.application.classic.pets.get(tenantId, id)
  if (pet === undefined) throw notFoundById('Pet', id)
  return pet
}

/**
 * Undefined and null as they are given. A number that no shelter has becomes an id that none has, for the application
 * to refuse: a repeat under its Idempotency-Key is answered as the first time, also when the shelter is gone since.
 */
const shelterOf = async (
  parts: RouteParts,
  tenantId: TenantId,
  serial: number | null | undefined,
): Promise<NamedShelter | null | undefined> => {
  if (serial === undefined || serial === null) return serial
  const shelter = await parts.application.classic.shelters.get(tenantId, serial)
  return shelter ?? { id: `no-shelter-${serial}`, adoptionFeeRange: null }
}

/** The pet after a command. One that the profile can no longer express is, for it, not there. */
const petAfter = async (
  parts: RouteParts,
  tenantId: TenantId,
  { done, serial }: Readonly<{ done: Done<PetState>; serial: number }>,
): Promise<ClassicPet> => {
  const { state, id: petId, version } = done
  if (state.kind === 'none') throw notFoundById('Pet', serial)
  const last = state.kind === 'removed' ? state.last : state
  const { shelterId } = last.profile
  const shelter =
    shelterId === null ? undefined : await parts.application.shelters.get(tenantId, shelterId)
  const known = { petId, version, serial, shelterSerial: shelter?.serial ?? null }
  const pet = petOfState(known, last)
  if (pet === undefined) throw notFoundById('Pet', serial)
  return pet
}

const notByHand = (status: string): ProblemError =>
  new ProblemError(
    'conflict',
    `The status cannot be set to '${status}' by hand: a pet becomes pending and adopted by orders and ` +
      'adoptions, and available again when these end.',
    {
      errors: [
        {
          field: 'status',
          message: 'Cannot be set to this by hand',
          code: 'invalid_status_transition',
        },
      ],
    },
  )

type Asked = Readonly<{ status?: string | undefined; shelter_id?: number | null | undefined }>

/** What the request itself named is refused in its own words. */
const explained = (result: PetResult, { status, shelter_id: serial }: Asked): PetResult => {
  if (result.kind !== 'rejected') return result
  const { code } = result.rejection
  if (code === 'invalid_status_transition' && status !== undefined) throw notByHand(status)
  if (code !== 'unknown_shelter') return result
  const message = `There is no shelter with 'id' ${serial}`
  throw new ProblemError('validation-error', message, {
    errors: [{ field: 'shelter_id', message, code }],
  })
}
