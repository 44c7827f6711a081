// What all writes on pets share: who may write, and the pet as it is after the command, with its version as entity tag
// and the cursor to read it back by.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PetState } from '../../../events/pet-state.ts'
import { sendJson } from '../answer.ts'
import { type Done, notFound, type Writer } from '../command-answer.ts'
import { versionTag } from '../conditional.ts'
import { includeParameter, petIdParams } from '../fields.ts'
import { requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { petAnswer } from './schema.ts'
import { withLinks } from './single.ts'

export const tags = ['pets']
export const includeQuery = z.strictObject({ include: includeParameter })
export const changedPet = {
  tags,
  params: petIdParams,
  querystring: includeQuery,
  response: { 200: petAnswer },
}

export const staff = (request: FastifyRequest): Writer => requireScope(request, 'write:pets')

/** Checked before the body is read and validated: who may not write learns nothing about what is valid. */
export const staffOnly = (
  request: FastifyRequest,
  _reply: FastifyReply,
  done: () => void,
): void => {
  staff(request)
  done()
}

/** Of every write that answers with the pet. */
export const petWrite = {
  config: { isJson: true },
  compress: false,
  onRequest: staffOnly,
} as const

const DAY_MS = 86_400_000
let known: Readonly<{ day: number; text: string }> = { day: NaN, text: '' }

/** The day as RFC 3339 writes it, in UTC. */
export const today = (parts: RouteParts): string => {
  const day = Math.floor(parts.clock() / DAY_MS)
  if (day !== known.day) {
    known = { day, text: new Date(day * DAY_MS).toISOString().slice(0, 10) }
  }
  return known.text
}

type Written = Readonly<{ writer: Writer; done: Done<PetState>; include: readonly string[] }>

/**
 * The same bytes that a read gives once the read model has followed; but `serial`, which is the
 * read model's to give.
 */
export const sendWritten = (
  parts: RouteParts,
  reply: FastifyReply,
  { writer, done, include }: Written,
): FastifyReply => {
  if (done.state.kind !== 'present') throw notFound('pet')
  const json = parts.application.pets.render(writer.tenantId, done.id, done.state, {
    extras: include.includes('shelter'),
  })
  const { replayed } = done
  return sendJson(reply, {
    json: include.includes('links') ? withLinks(json, parts.settings.publicUrl, done.id) : json,
    headers: {
      'cache-control': 'no-store',
      etag: versionTag(done.version),
      'event-cursor': parts.eventCursors.of(writer.tenantId, done.position),
      ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
    },
  })
}
