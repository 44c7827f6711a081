// One pet. Its entity tag is its version in the log, so that what was read can be written back under If-Match.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { makeAnswer } from '../answer.ts'
import { sendCached } from '../cached-read.ts'
import { notFound } from '../command-answer.ts'
import { versionTag } from '../conditional.ts'
import { callerOf } from '../host.ts'
import type { RouteParts } from '../options.ts'

export type PetReadPlan = Readonly<{
  key: string
  petId: string
  withExtras: boolean
  withLinks: boolean
}>

export const planRead = (petId: string, include: readonly string[]): PetReadPlan => ({
  key: `pet/${petId}?${include.join()}`,
  petId,
  withExtras: include.includes('shelter'),
  withLinks: include.includes('links'),
})

export const petPath = (petId: string): string => `/v1/pets/${petId}`

export const sendPet = async (
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  plan: PetReadPlan,
): Promise<FastifyReply> => {
  const { tenantId } = callerOf(request)
  const make = async () => {
    const eventCursor = parts.eventCursors.ofReadModel(tenantId)
    const found = await parts.application.pets.get(tenantId, plan.petId, {
      extras: plan.withExtras,
    })
    if (found === undefined) return undefined
    return makeAnswer({
      tenantId,
      json: plan.withLinks
        ? withLinks(found.json, parts.settings.publicUrl, plan.petId)
        : found.json,
      eventCursor,
      tag: versionTag(found.version),
      headers: { 'last-modified': new Date(found.updatedAt).toUTCString() },
    })
  }
  const sent = await sendCached(parts, request, reply, { tenantId, key: plan.key, make })
  if (sent === undefined) throw notFound('pet')
  return sent
}

export const withLinks = (json: string, publicUrl: string, petId: string): string => {
  const self = publicUrl + petPath(petId)
  const links = { self, collection: `${publicUrl}/v1/pets` }
  return `${json.slice(0, -1)},"links":${JSON.stringify(links)}}`
}
