// Serves the documents and Swagger UI. A document is made when it is first asked for, after every route is there.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import type { JsonObject } from '../../../core/json.ts'
import { once } from '../../../core/once.ts'
import { isUnchanged } from '../conditional.ts'
import type { RouteDoc } from '../route-doc.ts'
import { classicDocument } from './classic-document.ts'
import type { RouteList } from './collect.ts'
import { modernDocument } from './document.ts'
import { toOpenApi31 } from './downgrade.ts'
import { installSwaggerUi } from './swagger-ui.ts'

/** Schemas that are used twice are written twice: readers of YAML take many references for an attack. */
const IN_FULL = { aliasDuplicateObjects: false } as const

type Options = Readonly<{ publicUrl: string; version: string; list: RouteList; hasOAuth: boolean }>

export const openApiRoutes = (app: FastifyInstance, options: Options): void => {
  const { list, ...rest } = options
  const make = { ...rest, routes: list.routes }
  const modern = once(() => modernDocument(make))
  const older = once(() => toOpenApi31(modern()))
  const classic = once(() => classicDocument(make))

  serve(app, '/v1/openapi.json', { text: once(() => toText(modern())), summary: 'OpenAPI 3.2' })
  serve(app, '/v1/openapi.yaml', {
    text: once(() => stringify(modern(), IN_FULL)),
    summary: 'As YAML',
  })
  serve(app, '/v1/openapi-3.1.json', { text: once(() => toText(older())), summary: 'OpenAPI 3.1' })
  serve(app, '/v1/openapi-3.1.yaml', {
    text: once(() => stringify(older(), IN_FULL)),
    summary: '3.1, YAML',
  })
  serve(app, '/classic/openapi.json', {
    text: once(() => toText(classic())),
    summary: 'OpenAPI 3.2 of the classic profile',
  })
  installSwaggerUi(app)
}

const toText = (document: JsonObject): string => JSON.stringify(document, undefined, 2)

const serve = (
  app: FastifyInstance,
  url: string,
  { text, summary }: Readonly<{ text: () => string; summary: string }>,
): void => {
  const type = url.endsWith('.yaml') ? 'application/yaml' : 'application/json; charset=utf-8'
  const tag = once(
    () => `"${createHash('sha256').update(text()).digest('base64url').slice(0, 27)}"`,
  )
  const doc: RouteDoc = {
    summary,
    security: 'public',
    tags: ['documents'],
    headers: ['ETag'],
    responseContent: { 200: { [type.split(';')[0] ?? type]: { schema: { type: 'object' } } } },
  }
  app.get(url, { config: { isOpen: true, doc } }, (request, reply): FastifyReply => {
    // Any page may read it: a tool in a browser is where it is mostly opened.
    reply.headers({
      etag: tag(),
      'cache-control': 'public, no-cache',
      'access-control-allow-origin': '*',
    })
    const held = request.headers['if-none-match']
    if (held !== undefined && isUnchanged(held, [tag()])) return reply.code(304).send()
    return reply.type(type).send(text())
  })
}
