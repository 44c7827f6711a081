// One route as an OpenAPI operation. What follows from its method, path and schemas is said here once for all routes.
import type { z } from 'zod'
import type { JsonObject } from '../../../core/json.ts'
import type { DocumentedRoute } from './collect.ts'
import type { Components } from './components.ts'

type Profile = Readonly<{
  components: Components
  hasOAuth: boolean
  rateHeaders: 'RateLimit' | 'X-RateLimit' // how their names begin
  refusesBodyWith: 400 | 422
}>

export const operationOf = (route: DocumentedRoute, profile: Profile): JsonObject => {
  const { doc } = route
  return {
    operationId: route.operationId,
    summary: doc.summary,
    ...(doc.description === undefined ? {} : { description: doc.description }),
    tags: [...route.tags],
    security: securityOf(route, profile),
    ...withSome('parameters', parametersOf(route, profile)),
    ...withBody(route, profile),
    ...(doc.callbacks === undefined ? {} : { callbacks: doc.callbacks }),
    responses: { ...responsesOf(route, profile), ...goodResponses(route, profile) },
  }
}

const withSome = (name: string, list: readonly JsonObject[]): JsonObject =>
  list.length === 0 ? {} : { [name]: [...list] }

/** Without OAuth of our own the scopes are named as what a bearer token must have. */
const securityOf = ({ doc }: DocumentedRoute, { hasOAuth }: Profile): JsonObject[] => {
  const { security } = doc
  if (security === 'public') return []
  if (security === 'optional') return [{}, { bearerAuth: [] }]
  if (!hasOAuth) return [{ bearerAuth: [...security] }]
  return [{ bearerAuth: [] }, { oauth2: [...security] }]
}

const isWrite = ({ method }: DocumentedRoute): boolean =>
  method === 'PUT' || method === 'PATCH' || method === 'DELETE'
const takesIfMatch = (route: DocumentedRoute): boolean =>
  isWrite(route) || route.doc.problems?.includes(412) === true
const isRead = ({ method }: DocumentedRoute): boolean => method === 'GET' || method === 'QUERY'
const takesKey = ({ method, doc }: DocumentedRoute): boolean =>
  method === 'POST' && (doc.idempotencyKey ?? doc.profile !== 'oauth')

const parameter = (name: string): JsonObject => ({ $ref: `#/components/parameters/${name}` })

const parametersOf = (route: DocumentedRoute, { components }: Profile): JsonObject[] => {
  const inPath = membersOf(route.params, components).map(([name, schema]) => ({
    name,
    in: 'path',
    required: true,
    ...describedApart(schema),
  }))
  const inQuery = membersOf(route.query, components).map(([name, schema, required]) => ({
    name,
    in: 'query',
    required,
    ...(schema['type'] === 'array' ? { style: 'form', explode: false } : {}),
    ...describedApart(schema),
  }))
  const inHeaders = [
    ...(route.isOpen || route.doc.profile === 'oauth' ? [] : ['TenantId']),
    ...(takesKey(route) ? ['IdempotencyKey'] : []),
    ...(takesIfMatch(route) ? ['IfMatch'] : []),
    ...(route.waitsForCursor ? ['WaitForCursor'] : []),
    ...(isRead(route) && !route.isOpen ? ['IfNoneMatch'] : []),
  ]
  return [...inPath, ...inQuery, ...inHeaders.map(parameter)]
}

/** A parameter's description stands beside its schema. */
const describedApart = ({ description, ...schema }: JsonObject): JsonObject =>
  description === undefined ? { schema } : { description, schema }

type Member = readonly [name: string, schema: JsonObject, required: boolean]

const membersOf = (schema: z.ZodType | undefined, components: Components): readonly Member[] => {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = components.refer(schema, 'input') as {
    properties?: Record<string, JsonObject>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, own]) => [name, own, required.includes(name)])
}

const withBody = (route: DocumentedRoute, { components }: Profile): JsonObject => {
  const { doc, body } = route
  if (body === undefined && doc.requestContent === undefined) return {}
  const schema = body === undefined ? undefined : components.refer(body, 'input')
  const examples = Object.entries(doc.examples ?? {})
  const media =
    schema === undefined
      ? undefined
      : {
          schema,
          ...(examples.length === 0
            ? {}
            : { examples: Object.fromEntries(examples.map(([name, value]) => [name, { value }])) }),
        }
  const types = route.patchTypes.length > 0 ? route.patchTypes : ['application/json']
  const content = {
    ...(media === undefined ? {} : Object.fromEntries(types.map((type) => [type, media]))),
    ...doc.requestContent,
  }
  const isOptional = body?.safeParse(undefined).success === true
  return { requestBody: { required: !isOptional, content } } as JsonObject
}

const GOOD_WORDS: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Taken on.',
  204: 'Done; there is nothing to send back.',
  302: 'Elsewhere.',
  303: 'See elsewhere.',
  304: 'Unchanged since the copy that If-None-Match names.',
}

const goodResponses = (route: DocumentedRoute, profile: Profile): JsonObject => {
  const { components } = profile
  const { doc, responses } = route
  const statuses = new Set([...Object.keys(responses), ...Object.keys(doc.responseContent ?? {})])
  if (![...statuses].some((status) => /^[23]/.test(status))) statuses.add(defaultStatus(route))
  const onlyReads = isRead(route) || doc.idempotencyKey === false
  if (onlyReads && doc.headers?.includes('ETag') === true) statuses.add('304')
  return Object.fromEntries(
    [...statuses].sort().map((status) => {
      const schema = hasContent(status) ? responses[status] : undefined
      const content = {
        ...(schema === undefined
          ? {}
          : { 'application/json': { schema: components.refer(schema, 'output') } }),
        ...doc.responseContent?.[Number(status)],
      }
      return [
        status,
        {
          description: GOOD_WORDS[status] ?? (Number(status) < 400 ? 'Done.' : 'Refused.'),
          headers: headersOf(route, status, profile),
          ...(Object.keys(content).length === 0 ? {} : { content }),
        },
      ]
    }),
  )
}

const hasContent = (status: string): boolean => status !== '204' && status !== '304'

const defaultStatus = ({ method }: DocumentedRoute): string => (method === 'DELETE' ? '204' : '200')

const RATE_PARTS = ['Limit', 'Remaining', 'Reset']

const headersOf = (
  route: DocumentedRoute,
  status: string,
  { rateHeaders }: Profile,
): JsonObject => {
  const isCommand = isWrite(route) || takesKey(route)
  const names = [
    'X-Request-Id',
    ...(route.isOpen ? [] : RATE_PARTS.map((part) => `${rateHeaders}-${part}`)),
    ...(status === '201' ? ['Location'] : []),
    ...(isCommand && status.startsWith('2') ? ['Event-Cursor'] : []),
    ...(takesKey(route) ? ['Idempotent-Replayed'] : []),
    ...(route.doc.headers ?? []),
  ]
  return Object.fromEntries(
    [...new Set(names)].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  )
}

/** The ways to say no, each a component that the documents have once. */
const responsesOf = (route: DocumentedRoute, { refusesBodyWith }: Profile): JsonObject => {
  const { doc } = route
  const takesBody = route.body !== undefined || doc.requestContent !== undefined
  const statuses = new Set<number>([
    ...(doc.problems ?? []),
    ...[400, 431, 500], // a path or a query that is no text is refused before all else
    ...(route.isOpen ? [] : [429, 503]),
    ...(route.isOpen ? [] : [401, 403]), // also where none is needed: a bad token is refused
    ...(route.isJson ? [406] : []),
    ...(route.params === undefined ? [] : [404]),
    ...(route.waitsForCursor ? [410] : []),
    ...(isWrite(route) ? [409, 412] : []),
    ...(takesKey(route) ? [409, refusesBodyWith] : []),
    ...(takesBody ? [refusesBodyWith] : []),
    ...(route.method === 'GET' ? [] : [413, 415]), // a body is read where there may be one
  ])
  const sorted = [...statuses].sort((a, b) => a - b)
  return {
    ...Object.fromEntries(
      sorted.map((status) => [String(status), { $ref: `#/components/responses/${status}` }]),
    ),
    ...(route.isOpen ? {} : { default: { $ref: '#/components/responses/other' } }),
  }
}
