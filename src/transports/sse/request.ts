// What a request for events says: whose events, in which class, which of them, and from where on.
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { hasScope, type Principal } from '../../core/auth.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import {
  type CompiledFilter,
  compileFilter,
  type FeedFilter,
  FILTER_PARAMETERS,
} from '../feed/filter.ts'
import type { RefusalReason, Visibility } from '../feed/types.ts'
import { callerOf, fieldErrors, networkOf, ProblemError } from '../http/host.ts'

export type Audience = Readonly<{
  tenantId: TenantId
  visibility: Visibility
  principal: Principal | null
  limitKey: string
}>

/**
 * Staff with read:events see the staff class, other holders of a token of the tenant its public
 * class, and everybody the public class of the shared pool.
 */
export const audienceOf = (request: FastifyRequest): Audience => {
  const { tenantId, principal } = callerOf(request)
  const limitKey =
    principal === null
      ? `address:${networkOf(request.ip)}`
      : `${principal.kind}:${principal.subject}`
  if (principal?.tenants.includes(tenantId) === true) {
    const visibility = hasScope(principal, 'read:events') ? 'staff' : 'public'
    return { tenantId, visibility, principal, limitKey }
  }
  if (tenantId === SHARED_TENANT) return { tenantId, visibility: 'public', principal, limitKey }
  if (principal !== null) {
    throw new ProblemError('forbidden', 'The token is not good for this tenant.')
  }
  throw new ProblemError('unauthorized', "A tenant's events need a bearer token.", {
    headers: { 'www-authenticate': 'Bearer scope="read:events"' },
  })
}

/** A comma list, or the parameter repeated. */
const listParameter = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat().flatMap((each) => each.split(',')))
  .transform((values) => values.map((each) => each.trim()).filter((each) => each !== ''))

export const filterParameters = {
  types: listParameter.optional(),
  subject: listParameter.optional(),
  shelter: listParameter.optional(),
  species: listParameter.optional(),
  after: z.string().optional(),
}

export const parseQuery = <Schema extends z.ZodType>(
  schema: Schema,
  request: FastifyRequest,
): z.output<Schema> => {
  const parsed = schema.safeParse(request.query, { reportInput: true })
  if (parsed.success) return parsed.data
  throw new ProblemError('bad-request', 'The query is not valid.', {
    errors: parsed.error.issues.flatMap((issue) => fieldErrors('querystring', issue)),
  })
}

type FilterParameters = Readonly<
  Partial<Record<'types' | 'subject' | 'shelter' | 'species', string[] | undefined>>
>

export const filterOfQuery = (query: FilterParameters): FeedFilter => ({
  types: query.types ?? [],
  subjects: query.subject ?? [],
  shelters: query.shelter ?? [],
  species: query.species ?? [],
})

/** For a route without any: a token in a URL, say, is refused rather than kept in somebody's log. */
export const refuseParameters = (request: FastifyRequest): void => {
  parseQuery(z.strictObject({}), request)
}

const patternList = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat())
const bodySchema = z.strictObject({
  types: patternList.optional(),
  subjects: patternList.optional(),
  subject: patternList.optional(),
  shelters: patternList.optional(),
  species: patternList.optional(),
  after: z.string().optional(),
})

/** A filter as a JSON body, of QUERY and POST. No body is a filter that lets everything through. */
export const parseFilterBody = (body: unknown): FeedFilter & Readonly<{ after?: string }> => {
  const parsed = bodySchema.safeParse(body ?? {}, { reportInput: true })
  if (!parsed.success) {
    throw new ProblemError('validation-error', 'The filter is not valid.', {
      errors: parsed.error.issues.flatMap((issue) => fieldErrors('body', issue)),
    })
  }
  const { types, subjects, subject, shelters, species, after } = parsed.data
  const wanted = [...(subjects ?? []), ...(subject ?? [])]
  return {
    ...(types === undefined ? {} : { types }),
    ...(wanted.length === 0 ? {} : { subjects: wanted }),
    ...(shelters === undefined ? {} : { shelters }),
    ...(species === undefined ? {} : { species }),
    ...(after === undefined ? {} : { after }),
  }
}

export const filterOf = (
  filter: FeedFilter,
  problem: 'bad-request' | 'validation-error',
): CompiledFilter => {
  const compiled = compileFilter(filter)
  if (compiled.kind === 'filter') return compiled.filter
  const { message, code } = compiled
  const field = problem === 'bad-request' ? FILTER_PARAMETERS[compiled.field] : compiled.field
  throw new ProblemError(problem, 'The filter is not valid.', {
    errors: [{ field, message, code }],
  })
}

/**
 * `word` is how the consumer is told where it starts: the word it used, else a cursor.
 * A gap: the cursor is of a log that was since restored or re-imported.
 */
export type Start =
  Readonly<{ kind: 'from'; position: Position; word: string }> | Readonly<{ kind: 'gap' }>

export type StartOptions = Readonly<{ cursors: CursorCodec; tenantId: TenantId; head: Position }>

export const startOf = (after: string, { cursors, tenantId, head }: StartOptions): Start => {
  if (after === 'earliest') return { kind: 'from', position: 0, word: after }
  if (after === 'now') {
    return { kind: 'from', position: head, word: cursors.encode(tenantId, head) }
  }
  const decoded = cursors.decode(tenantId, after)
  switch (decoded.kind) {
    case 'position':
      return { kind: 'from', position: decoded.position, word: after }
    case 'other_epoch':
      return { kind: 'gap' }
    case 'invalid':
      throw new ProblemError('bad-request', 'The cursor is not one of this feed and tenant.', {
        errors: [
          { field: 'after', message: 'Must be a cursor, earliest or now', code: 'INVALID_FORMAT' },
        ],
      })
  }
}

/**
 * The limits as an answer: too many of one caller or tenant is the caller's, too many in all is the
 * server's.
 */
export const refusalProblem = (
  reason: RefusalReason | 'overloaded',
  retryAfterMs: number,
  what: 'streams' | 'tickets' = 'streams',
): ProblemError => {
  if (reason === 'revoked') {
    return new ProblemError('unauthorized', 'The account of this token was deleted.', {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    })
  }
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  if (reason === 'principal_limit' || reason === 'tenant_limit') {
    const whose = reason === 'principal_limit' ? 'this caller' : 'this tenant'
    const detail =
      what === 'streams'
        ? `Too many event streams of ${whose} are open.`
        : `Too many stream tickets of ${whose} are in use.`
    return new ProblemError('rate-limit-exceeded', detail, { headers })
  }
  return new ProblemError('service-unavailable', `No more event ${what} can be served now.`, {
    headers,
  })
}
