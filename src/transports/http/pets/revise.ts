// PUT and PATCH of a pet: one command, which says more or less of the profile. A patch is a JSON
// Merge Patch (RFC 7396); what it leaves out is kept by the command, on the state that the log has.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RevisePet } from '../../../application.ts'
import { contextOf, doneOrThrow } from '../command-answer.ts'
import { underIfMatch } from '../conditional.ts'
import type { RouteParts } from '../options.ts'
import type { RequestTypes } from '../validation.ts'
import {
  changedProfile,
  fullProfile,
  type PetPatchBody,
  petPatchBody,
  type PetReplaceBody,
  petReplaceBody,
  photoOf,
  replacedVaccinations,
} from './body.ts'
import { petDocs } from './docs.ts'
import { changedPet, petWrite, sendWritten, staff } from './written.ts'

type Revision = Readonly<{ petId: string; input: RevisePet; include: readonly string[] }>

export const reviseRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  const routes = app.withTypeProvider<RequestTypes>()
  const revise = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { petId, input, include }: Revision,
  ): Promise<FastifyReply> => {
    const writer = staff(request)
    const result = await underIfMatch(request.headers['if-match'], (expectedVersion) =>
      parts.application.pets.revise(contextOf(request, writer, { expectedVersion }), petId, input),
    )
    return sendWritten(parts, reply, { writer, done: doneOrThrow(result, 'pet'), include })
  }

  routes.put(
    '/v1/pets/:id',
    {
      ...petWrite,
      config: { isJson: true, doc: petDocs.replace },
      schema: { ...changedPet, operationId: 'updatePet', body: petReplaceBody },
    },
    (request, reply) => {
      const { body, params, query } = request
      const { intakeDate } = body // when a pet came is known: leaving it out does not unsay it
      const input = {
        changes: { ...fullProfile(body), intakeDate, vaccinations: replacedVaccinations(body) },
        ...besideProfile(parts, params.id, body),
      }
      return revise(request, reply, { petId: params.id, input, include: query.include ?? [] })
    },
  )

  routes.patch(
    '/v1/pets/:id',
    {
      ...petWrite,
      config: {
        isJson: true,
        acceptPatch: 'application/merge-patch+json, application/json',
        doc: petDocs.patch,
      },
      schema: { ...changedPet, operationId: 'patchPet', body: petPatchBody },
    },
    (request, reply) => {
      const { body, params, query } = request
      const input = { changes: changedProfile(body), ...besideProfile(parts, params.id, body) }
      return revise(request, reply, { petId: params.id, input, include: query.include ?? [] })
    },
  )
}

const besideProfile = (
  parts: RouteParts,
  petId: string,
  { status, photos, reason }: PetPatchBody | PetReplaceBody,
): Omit<RevisePet, 'changes'> => {
  const { publicUrl } = parts.settings
  return {
    ...(status === undefined ? {} : { status }),
    ...(photos === undefined || photos === null
      ? {}
      : { photos: photos.map((url) => photoOf(url, publicUrl, petId)) }),
    ...(reason === undefined || reason === null ? {} : { reason }),
  }
}
