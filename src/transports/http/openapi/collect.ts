// Takes note of every route as it is added: the documents are made of what is served, and of nothing else.
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify'
import type { z } from 'zod'
import { isWaitForCursor } from '../event-cursor.ts'
import type { RouteDoc } from '../route-doc.ts'

export type DocumentedRoute = Readonly<{
  method: string // upper case
  path: string // `/v1/pets/{id}`
  operationId: string
  tags: readonly string[]
  doc: RouteDoc
  isOpen: boolean // no token, tenant or rate limit
  isJson: boolean
  waitsForCursor: boolean
  patchTypes: readonly string[]
  params: z.ZodType | undefined
  query: z.ZodType | undefined
  body: z.ZodType | undefined
  responses: Readonly<Record<string, z.ZodType>>
}>

export type RouteList = Readonly<{
  routes: readonly DocumentedRoute[]
  /** Routes that nothing is said of: `GET /v1/pets`. */
  undocumented: readonly string[]
}>

declare module 'fastify' {
  interface FastifyInstance {
    /** What the documents are made of. */
    documented: RouteList
  }
}

/** Fills up while routes are added. HEAD and OPTIONS come of themselves and are not listed. */
export const collectRoutes = (app: FastifyInstance): RouteList => {
  const routes: DocumentedRoute[] = []
  const undocumented: string[] = []
  app.addHook('onRoute', (route) => {
    if (isHidden(route)) return
    for (const method of [route.method].flat()) {
      if (method === 'HEAD' || method === 'OPTIONS') continue
      const doc = route.config?.doc
      if (doc === undefined) undocumented.push(`${method} ${route.url}`)
      else routes.push(describe(route, method.toUpperCase(), doc))
    }
  })
  const list = { routes, undocumented }
  app.decorate('documented', list)
  return list
}

type OwnSchema = FastifySchema & {
  hide?: boolean
  operationId?: string
  tags?: readonly string[]
  response?: Record<string, z.ZodType>
}

const isHidden = (route: RouteOptions): boolean => (route.schema as OwnSchema)?.hide === true

const describe = (route: RouteOptions, method: string, doc: RouteDoc): DocumentedRoute => {
  const schema = (route.schema ?? {}) as OwnSchema
  const path = route.url.replaceAll(/:(\w+)/g, '{$1}')
  const zod = (part: unknown) => part as z.ZodType | undefined
  const name = doc.operationId ?? schema.operationId ?? nameOf(method, path)
  const isSecond = [route.method].flat().length > 1 && method !== [route.method].flat()[0]
  return {
    method,
    path,
    operationId: isSecond ? `${name}By${method[0]}${method.slice(1).toLowerCase()}` : name,
    tags: doc.tags ?? schema.tags ?? [],
    doc,
    isOpen: route.config?.isOpen === true,
    isJson: route.config?.isJson === true,
    waitsForCursor: [route.preHandler ?? []].flat().some(isWaitForCursor),
    patchTypes: route.config?.acceptPatch?.split(', ') ?? [],
    params: zod(schema.params),
    query: doc.query ?? zod(schema.querystring),
    body: method === 'GET' ? undefined : (doc.body ?? zod(schema.body)),
    responses: schema.response ?? {},
  }
}

/** `GET /v1/shelters/{id}`: `getSheltersId`. */
const nameOf = (method: string, path: string): string =>
  method.toLowerCase() +
  path
    .replace(/^\/v1\//, '/')
    .split(/[^A-Za-z0-9]+/)
    .filter((part) => part !== '')
    .map((part) => part[0]?.toUpperCase() + part.slice(1))
    .join('')
