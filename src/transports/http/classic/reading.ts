// What all reads of the profile share: finished answers from the cache that every profile uses, under keys of its own.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TenantId } from '../../../core/ids.ts'
import { makeAnswer } from '../answer.ts'
import { sendCached } from '../cached-read.ts'
import { callerOf } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { ProblemError } from '../problem.ts'
import type { Planned } from '../url-memo.ts'

/** Where a collection is found. `name`: what sets the operations of an alias apart. */
export type Base = Readonly<{ url: string; name: string }>
export type Found = Readonly<{
  json: string
  tag?: string // of a single resource
  headers?: Readonly<Record<string, string>>
}>

export type Exchange = Readonly<{ request: FastifyRequest; reply: FastifyReply }>

/** Undefined when there is nothing to answer with. */
export const sendFound = async (
  parts: RouteParts,
  { request, reply }: Exchange,
  { key, find }: Planned & Readonly<{ find: (tenantId: TenantId) => Promise<Found | undefined> }>,
): Promise<FastifyReply | undefined> => {
  const { tenantId } = callerOf(request)
  const make = async () => {
    const eventCursor = parts.eventCursors.ofReadModel(tenantId)
    const found = await find(tenantId)
    return found === undefined ? undefined : makeAnswer({ tenantId, eventCursor, ...found })
  }
  return sendCached(parts, request, reply, { tenantId, key, make })
}

/** `noun` with a capital: `Pet`. */
export const notFoundById = (noun: string, id: number): ProblemError =>
  new ProblemError('not-found', `${noun} with 'id' ${id} not found.`)

export const totalCount = (total: number) => ({ 'x-total-count': String(total) })
