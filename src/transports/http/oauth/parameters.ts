// Parameters of a query or a form, each given at most once (RFC 6749, section 3.1). An empty one is as good as none.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { OAuthError } from './errors.ts'
import { PARAMETER_LIMITS } from './options.ts'

export type Parameters = ReadonlyMap<string, string>

export const parseParameters = (text: string): Parameters => {
  const found = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (found.has(name)) throw refused('A parameter is given twice.')
    if (name.length > PARAMETER_LIMITS.nameLength || value.length > PARAMETER_LIMITS.valueLength) {
      throw refused('A parameter is too long.')
    }
    if (name.includes('\0') || value.includes('\0')) throw refused('A parameter has a NUL in it.')
    if (found.size >= PARAMETER_LIMITS.count) throw refused('There are too many parameters.')
    found.set(name, value)
  }
  for (const [name, value] of found) if (value === '') found.delete(name)
  return found
}

/** Bodies of the routes of this scope are forms, and nothing else. */
export const takeFormsOnly = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: PARAMETER_LIMITS.bodyBytes },
    async (_request: FastifyRequest, body: string) => parseParameters(body),
  )
}

export const formOf = (request: FastifyRequest): Parameters =>
  request.body instanceof Map ? (request.body as Parameters) : new Map()

/** Read from the address itself: the framework's own reading makes lists of what is given twice. */
export const queryOf = (request: FastifyRequest): Parameters => {
  const { url = '' } = request.raw
  const start = url.indexOf('?')
  return parseParameters(start === -1 ? '' : url.slice(start + 1))
}

export const required = (parameters: Parameters, name: string): string => {
  const value = parameters.get(name)
  if (value === undefined) throw refused(`The parameter ${name} is missing.`)
  return value
}

const refused = (description: string): OAuthError => new OAuthError('invalid_request', description)
