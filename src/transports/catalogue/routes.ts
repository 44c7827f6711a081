// The catalogue over HTTP: types of events, their schemas, and the AsyncAPI document with a page that draws it. What is
// answered follows from this build alone, so that each answer is made once, when it is first asked for, and kept by
// readers until it changes.
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { stringify } from 'yaml'
import { z } from 'zod'
import { once } from '../../core/once.ts'
import { ProblemError } from '../http/host.ts'
import { asyncApiDocument } from './asyncapi/document.ts'
import { eventTypeList, eventTypeSchema, listEventTypes, listSchemas } from './event-type.ts'
import { asyncApiPage, PAGE_POLICY } from './page/page.ts'
import type { CatalogueOptions } from './settings.ts'

const JSON_TYPE = 'application/json; charset=utf-8'
const SCHEMA_TYPE = 'application/schema+json; charset=utf-8'
const HTML_TYPE = 'text/html; charset=utf-8'
const YAML_TYPE = 'application/yaml; charset=utf-8'

export const createCatalogueRoutes =
  (options: CatalogueOptions) =>
  (app: FastifyInstance): void => {
    eventTypeRoutes(app, options)
    documentRoutes(app, options)
  }

const eventTypeRoutes = (app: FastifyInstance, options: CatalogueOptions): void => {
  const types = once(() => listEventTypes(options))
  const all = once(() => answerOf(JSON_TYPE, JSON.stringify({ data: types() })))
  const each = once(
    () => new Map(types().map((one) => [one.type, answerOf(JSON_TYPE, JSON.stringify(one))])),
  )
  const schemas = once(
    () =>
      new Map(
        [...listSchemas(options.schemaBase)].map(([path, schema]) => [
          path,
          answerOf(SCHEMA_TYPE, JSON.stringify(schema)),
        ]),
      ),
  )
  app.get(
    '/v1/event-types',
    { config: { isOpen: true, doc: listDoc }, schema: { response: { 200: eventTypeList } } },
    (request, reply) => send(request, reply, all()),
  )
  app.get<{ Params: z.infer<typeof typeParams> }>(
    '/v1/event-types/:type',
    {
      config: { isOpen: true, doc: typeDoc },
      schema: { params: typeParams, response: { 200: eventTypeSchema } },
    },
    (request, reply) => send(request, reply, each().get(request.params.type)),
  )
  app.get<{ Params: z.infer<typeof schemaParams> }>(
    '/schemas/:type/:version',
    { config: { isOpen: true, doc: schemaDoc }, schema: { params: schemaParams } },
    (request, reply) => {
      const { type, version } = request.params
      return send(request, reply, schemas().get(`/schemas/${type}/${version}`))
    },
  )
}

const documentRoutes = (app: FastifyInstance, options: CatalogueOptions): void => {
  const document = once(() => asyncApiDocument(options))
  const json = once(() => answerOf(JSON_TYPE, JSON.stringify(document(), undefined, 2)))
  // Schemas that are used twice are written twice: readers of YAML take many references for an attack.
  const inFull = { aliasDuplicateObjects: false } as const
  const yaml = once(() => answerOf(YAML_TYPE, stringify(document(), inFull)))
  const page = once(() => answerOf(HTML_TYPE, asyncApiPage(document())))
  const config = { isOpen: true } as const
  app.get('/v1/asyncapi.json', { config: { ...config, doc: jsonDoc } }, (request, reply) =>
    send(request, reply, json()),
  )
  app.get('/v1/asyncapi.yaml', { config: { ...config, doc: yamlDoc } }, (request, reply) =>
    send(request, reply, yaml()),
  )
  app.get('/v1/asyncapi-ui.html', { config: { ...config, doc: pageDoc } }, (request, reply) =>
    send(request, reply.header('content-security-policy', PAGE_POLICY), page()),
  )
}

type Answer = Readonly<{ type: string; body: string; etag: string }>

const answerOf = (type: string, body: string): Answer => ({
  type,
  body,
  etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
})

const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer | undefined,
): FastifyReply => {
  if (answer === undefined) throw new ProblemError('not-found', 'This build knows no such event.')
  // Any page may read it: a tool in a browser is where it is mostly opened.
  reply.headers({
    etag: answer.etag,
    'cache-control': 'public, no-cache',
    'access-control-allow-origin': '*',
  })
  if (holds(request.headers['if-none-match'], answer.etag)) return reply.code(304).send()
  return reply.type(answer.type).send(answer.body)
}

const holds = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === etag || each === '*')

const typeName = z.string().max(100).meta({ description: 'Such as `pet.adopted`.' })
const typeParams = z.strictObject({ type: typeName })
const schemaParams = z.strictObject({
  type: typeName,
  version: z.string().max(10).meta({ description: 'The version in dataschema.' }),
})

const openly = { security: 'public', headers: ['ETag'] } as const
const listDoc = {
  ...openly,
  summary: 'Types of events',
  description: 'Every type that can come, who sees what of it, its schema and samples.',
  operationId: 'listEventTypes',
  tags: ['events'],
} as const
const typeDoc = {
  ...openly,
  summary: 'A type of events',
  operationId: 'getEventType',
  tags: ['events'],
} as const
const schemaDoc = {
  ...openly,
  summary: 'The schema of data',
  description:
    'What `dataschema` of an event names. Events are lifted to the current version before they are sent, so that ' +
    'no other is served.',
  operationId: 'getEventSchema',
  tags: ['events'],
  responseContent: { 200: { 'application/schema+json': { schema: { type: 'object' } } } },
} as const
const documents = { ...openly, tags: ['documents'] } as const
const jsonDoc = {
  ...documents,
  summary: 'AsyncAPI 3',
  responseContent: { 200: { 'application/json': { schema: { type: 'object' } } } },
} as const
const yamlDoc = {
  ...documents,
  summary: 'AsyncAPI 3, YAML',
  responseContent: { 200: { 'application/yaml': { schema: { type: 'object' } } } },
} as const
const pageDoc = {
  ...documents,
  summary: 'AsyncAPI as a page',
  responseContent: { 200: { 'text/html': { schema: { type: 'string' } } } },
} as const
