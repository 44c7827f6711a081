// The same document for tools that stop at OpenAPI 3.1. What 3.1 cannot say is kept under an `x-`
// name or said in words: nothing is left out in silence.
import type { Json, JsonObject } from '../../../core/json.ts'

export const toOpenApi31 = (document: JsonObject): JsonObject => {
  const { $self, paths, components, ...rest } = document
  const info = rest['info'] as JsonObject & { description: string }
  return {
    ...rest,
    openapi: '3.1.1',
    'x-self': $self,
    info: { ...info, description: `${info.description} ${NOTICE}` },
    paths: mapMembers(paths as JsonObject, withoutQuery),
    components: withoutDevices(components as JsonObject),
  }
}

const NOTICE =
  'This is the OpenAPI 3.1 form: the method QUERY is listed as `x-query`, and streams are described as text.'

const mapMembers = (object: JsonObject, map: (value: JsonObject) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value as JsonObject)]))

const withoutQuery = (path: JsonObject): JsonObject => {
  const { query, ...others } = mapMembers(path, (operation) => withoutItemSchema(operation) as Json)
  return query === undefined ? others : { ...others, 'x-query': query }
}

const withoutItemSchema = (value: Json | undefined): Json | undefined => {
  if (Array.isArray(value)) return value.map((each: Json) => withoutItemSchema(each) as Json)
  if (value === null || typeof value !== 'object') return value
  const { itemSchema, ...others } = value as JsonObject
  const rest = Object.fromEntries(
    Object.entries(others).map(([key, each]) => [key, withoutItemSchema(each)]),
  )
  return itemSchema === undefined
    ? rest
    : { ...rest, schema: { type: 'string' }, 'x-itemSchema': itemSchema }
}

const withoutDevices = (components: JsonObject): JsonObject => {
  const schemes = components['securitySchemes'] as JsonObject | undefined
  const oauth2 = schemes?.['oauth2'] as JsonObject | undefined
  if (schemes === undefined || oauth2 === undefined) return components
  const { oauth2MetadataUrl, flows, ...rest } = oauth2
  const { deviceAuthorization, ...known } = flows as JsonObject
  return {
    ...components,
    securitySchemes: {
      ...schemes,
      oauth2: {
        ...rest,
        flows: known,
        'x-oauth2MetadataUrl': oauth2MetadataUrl,
        'x-deviceAuthorization': deviceAuthorization,
      },
    },
  }
}
