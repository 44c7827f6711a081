// What a request for bare events asks for: with a token or without, whose events, which, from where on.
import type { IncomingMessage } from 'node:http'
import type { CursorCodec } from '../../core/cursor.ts'
import type { Position } from '../../core/event.ts'
import { type CompiledFilter, compileFilter, FILTER_PARAMETERS } from '../feed/filter.ts'
import { ProblemError } from '../http/host.ts'
import { admit, type Audience, startOf } from './audience.ts'
import type { WebSocketOptions } from './settings.ts'

export type BareRequest = Readonly<{
  audience: Audience
  filter: CompiledFilter
  position: Position
}>

const PARAMETERS = Object.values(FILTER_PARAMETERS)
const BEARER = /^Bearer +([^ ]+)$/i

/** What the request asks for; throws the problem that says why not. */
export const bareRequestOf = async (
  { url = '', headers }: IncomingMessage,
  address: string,
  { verifier, feed, cursors }: Pick<WebSocketOptions, 'verifier' | 'feed' | 'cursors'>,
): Promise<BareRequest> => {
  const { searchParams } = new URL(url, 'http://server')
  const { filter, after } = wantedOf(searchParams)
  const { authorization, 'x-tenant-id': tenant } = headers
  const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
  if (authorization !== undefined && token === undefined) throw badToken()
  const named = { op: 'auth', token, tenant: tenant?.toString() } as const
  const admission = await admit(verifier, named, address)
  if (admission.kind === 'bad_token') throw badToken()
  if (admission.kind === 'refused') throw admission.problem
  const { audience } = admission
  const { tenantId } = audience
  return { audience, filter, position: positionOf(after, { cursors, tenantId, head: feed.head() }) }
}

const wantedOf = (query: URLSearchParams) => {
  for (const name of query.keys()) {
    if (name !== 'after' && !PARAMETERS.some((each) => each === name)) {
      throw invalid(name, 'Is no parameter of this path', 'UNKNOWN_FIELD')
    }
  }
  const [types, subjects, shelters, species] = PARAMETERS.map((name) =>
    query.getAll(name).flatMap((value) => value.split(',').map((each) => each.trim())),
  )
  const compiled = compileFilter({
    types: types ?? [],
    subjects: subjects ?? [],
    shelters: shelters ?? [],
    species: species ?? [],
  })
  if (compiled.kind === 'invalid') {
    throw invalid(FILTER_PARAMETERS[compiled.field], compiled.message, compiled.code)
  }
  return { filter: compiled.filter, after: query.get('after') ?? 'now' }
}

const positionOf = (
  after: string,
  place: Readonly<{ cursors: CursorCodec; tenantId: Audience['tenantId']; head: Position }>,
): Position => {
  const start = startOf(after, place)
  if (start.kind === 'from') return start.position
  if (start.kind === 'invalid') throw invalid('after', 'Must be a cursor, earliest or now')
  throw new ProblemError(
    'gone',
    'The cursor is of an earlier log: fetch the state anew and go on from now or earliest.',
  )
}

const invalid = (field: string, message: string, code = 'INVALID_FORMAT'): ProblemError =>
  new ProblemError('bad-request', 'The query is not valid.', { errors: [{ field, message, code }] })

const badToken = (): ProblemError =>
  new ProblemError('unauthorized', 'The token is not valid, or has expired.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
