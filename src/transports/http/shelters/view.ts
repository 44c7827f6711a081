// A shelter as it is answered, and as it is understood from a body.
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { ShelterState, ShelterView } from '../../../application.ts'
import type { ShelterProfile } from '../../../events/shelter.ts'
import { JSON_TYPE } from '../answer.ts'
import type { Done, Writer } from '../command-answer.ts'
import type { RouteParts } from '../options.ts'
import type { fullBody } from './schema.ts'

export const shelterTag = (version: number, count: number): string => `"v${version}.${count}"`

export const fullProfile = (body: z.output<typeof fullBody>): ShelterProfile => ({
  name: body.name,
  address: body.address ?? null,
  phone: body.phone ?? null,
  email: body.email ?? null,
  hours: body.hours ?? null,
  adoptionFeeRange: body.adoptionFeeRange ?? null,
})

export const viewJson = (view: Omit<ShelterView, 'serial' | 'version'>) => ({
  id: view.id,
  name: view.name,
  address: view.address ?? undefined,
  phone: view.phone ?? undefined,
  email: view.email ?? undefined,
  hours: view.hours ?? undefined,
  adoptionFeeRange: view.adoptionFeeRange ?? undefined,
  availablePetCount: view.availablePetCount,
  createdAt: view.createdAt,
  updatedAt: view.updatedAt,
})

type Sent = Readonly<{ writer: Writer; done: Done<ShelterState> }>

export const sendState = async (
  parts: RouteParts,
  reply: FastifyReply,
  { writer, done }: Sent,
): Promise<FastifyReply> => {
  const { tenantId } = writer
  // How many pets wait there is the read model's to say; a shelter it does not know yet has none.
  const known = await parts.application.shelters.get(tenantId, done.id)
  const availablePetCount = known?.availablePetCount ?? 0
  const { profile, createdAt, updatedAt } = done.state
  reply.headers({
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    etag: shelterTag(done.version, availablePetCount),
    'event-cursor': parts.eventCursors.of(tenantId, done.position),
  })
  if (done.replayed) reply.header('idempotent-replayed', 'true')
  const view = { id: done.id, ...profile, availablePetCount, createdAt, updatedAt }
  return reply.send(JSON.stringify(viewJson(view)))
}
