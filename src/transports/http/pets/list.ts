// Lists and searches of pets. GET, QUERY and POST ask the same question in three forms and share one cached answer.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PetPage, PetQuery } from '../../../application.ts'
import type { TenantId } from '../../../core/ids.ts'
import { type Answer, makeAnswer } from '../answer.ts'
import { sendCached } from '../cached-read.ts'
import { callerHasScope, callerOf } from '../host.ts'
import { linkField } from '../link-field.ts'
import type { RouteParts } from '../options.ts'
import { badCursor } from '../paging.ts'
import { type FieldError, ProblemError } from '../problem.ts'
import { hrefParameters, type PetSearchPlan } from './query.ts'

export const ACCEPT_QUERY = 'application/json'

export const sendPetSearch = async (
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  plan: PetSearchPlan,
): Promise<FastifyReply> => {
  const caller = callerOf(request)
  const isGet = request.method === 'GET' || request.method === 'HEAD'
  if (plan.needsStaff && !callerHasScope(caller, 'write:pets')) throw staffOnly(isGet)
  const { tenantId } = caller
  const sent = await sendCached(parts, request, reply, {
    tenantId,
    key: plan.key,
    make: () => search(parts, tenantId, plan),
    ...(isGet ? {} : { headers: asGet(plan) }),
  })
  if (sent === undefined) throw isGet ? badCursor('search') : invalidBody(BAD_CURSOR)
  return sent
}

const BAD_CURSOR: FieldError = {
  field: 'pagination.cursor',
  message: 'Is not a cursor of this search',
  code: 'INVALID_FORMAT',
}

const invalidBody = (error: FieldError): ProblemError =>
  new ProblemError('validation-error', 'The request body contains validation errors', {
    errors: [error],
  })

/** The same question as a GET: caches and links can use it where a body cannot go. */
const asGet = (plan: PetSearchPlan): Readonly<Record<string, string>> => ({
  'content-location': hrefOf(plan, plan.query.paging),
  'accept-query': ACCEPT_QUERY,
})

const staffOnly = (isGet: boolean): ProblemError => {
  const message = 'Must be one of: AVAILABLE, PENDING, ADOPTED'
  const code = 'INVALID_ENUM_VALUE'
  if (!isGet) return invalidBody({ field: 'criteria.status', message, code })
  const detail = 'The query is not valid. status: NOT_AVAILABLE is for staff.'
  return new ProblemError('bad-request', detail, { errors: [{ field: 'status', message, code }] })
}

/** Undefined: the cursor is none of this search. */
const search = async (
  parts: RouteParts,
  tenantId: TenantId,
  plan: PetSearchPlan,
): Promise<Answer | undefined> => {
  const eventCursor = parts.eventCursors.ofReadModel(tenantId)
  const result = await parts.application.pets.search(tenantId, plan.query)
  if (result.kind === 'bad_cursor') return undefined
  const links = linksOf(parts.settings.publicUrl, plan, result.page)
  return makeAnswer({
    tenantId,
    json: collectionJson(plan, result.page, links),
    eventCursor,
    headers: linkField(links),
  })
}

const totalPagesOf = (query: PetQuery, page: PetPage): number =>
  Math.ceil(page.totalItems / query.paging.limit)

/** The pets are JSON already; only what surrounds them is made here. */
const collectionJson = (plan: PetSearchPlan, page: PetPage, links: CollectionLinks): string => {
  const { paging } = plan.query
  const pagination = {
    page: paging.kind === 'page' ? paging.page : 1,
    limit: paging.limit,
    totalItems: page.totalItems,
    totalPages: totalPagesOf(plan.query, page),
    ...(paging.kind === 'cursor' ? { nextCursor: page.nextCursor } : {}),
  }
  const facets = page.facets === undefined ? '' : `,"facets":${JSON.stringify(page.facets)}`
  const linked = plan.withLinks ? `,"links":${JSON.stringify(links)}` : ''
  const data = page.items.join(',')
  return `{"data":[${data}],"pagination":${JSON.stringify(pagination)}${facets}${linked}}`
}

type CollectionLinks = Readonly<{
  self: string
  first: string
  prev: string | null
  next: string | null
  last: string | null
}>

const hrefOf = ({ question }: PetSearchPlan, paging: PetQuery['paging']): string =>
  `/v1/pets?${hrefParameters(question, paging)}`

const linksOf = (publicUrl: string, plan: PetSearchPlan, page: PetPage): CollectionLinks => {
  const { query } = plan
  const at = (paging: PetQuery['paging']): string => publicUrl + hrefOf(plan, paging)
  const { paging } = query
  const { limit } = paging
  if (paging.kind === 'cursor') {
    const after = page.nextCursor
    return {
      self: at(paging),
      first: at({ kind: 'cursor', after: null, limit }),
      prev: null,
      next: after === null ? null : at({ kind: 'cursor', after, limit }),
      last: null,
    }
  }
  const last = Math.max(1, totalPagesOf(query, page))
  const numbered = (number: number): string => at({ kind: 'page', page: number, limit })
  return {
    self: at(paging),
    first: numbered(1),
    prev: paging.page > 1 ? numbered(Math.min(paging.page - 1, last)) : null,
    next: paging.page < last ? numbered(paging.page + 1) : null,
    last: numbered(last),
  }
}
