// A JSON Schema as rows of a table: each member by its path, `photos[].url`.
import type { JsonObject } from '../../../core/json.ts'
import { isObject, propertiesOf, requiredOf } from '../data-schema.ts'

export type Field = Readonly<{
  path: string
  type: string
  isRequired: boolean
  description: string
}>

type Resolve = (name: string) => JsonObject | undefined
type Place = Readonly<{ path: string; isRequired: boolean }>

/** `resolve` finds what a reference names, by the last part of it. */
export const fieldsOf = (schema: JsonObject, resolve: Resolve): readonly Field[] =>
  dedupe(membersOf(schema, '', { resolve }))

type Walk = Readonly<{ resolve: Resolve }>

const membersOf = (given: JsonObject, parent: string, walk: Walk): readonly Field[] =>
  variantsOf(given, walk).flatMap((schema) =>
    Object.entries(propertiesOf(schema)).flatMap(([name, member]): readonly Field[] => {
      if (!isObject(member)) return []
      const path = parent === '' ? name : `${parent}.${name}`
      return fieldsAt(member, { path, isRequired: requiredOf(schema).includes(name) }, walk)
    }),
  )

const fieldsAt = (schema: JsonObject, place: Place, walk: Walk): readonly Field[] => {
  const variants = variantsOf(schema, walk)
  const { path } = place
  const inner = variants.flatMap((variant) => {
    const { items } = variant
    return [
      ...membersOf(variant, path, walk),
      ...(isObject(items) ? membersOf(items, `${path}[]`, walk) : []),
    ]
  })
  const types = [...new Set(variants.map(typeOf))].join(' or ')
  const description = typeof schema['description'] === 'string' ? schema['description'] : ''
  return [{ ...place, type: types, description }, ...inner]
}

/** What a schema can be, with references followed; allOf is read as its parts. */
const variantsOf = (schema: JsonObject, walk: Walk): readonly JsonObject[] => {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const found = walk.resolve(reference.split('/').at(-1) ?? '')
    return found === undefined ? [] : variantsOf(found, walk)
  }
  for (const name of ['anyOf', 'oneOf', 'allOf']) {
    const several = schema[name]
    if (Array.isArray(several)) {
      return (several as readonly JsonObject[]).flatMap((one) => variantsOf(one, walk))
    }
  }
  return [schema]
}

const typeOf = (schema: JsonObject): string => {
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  if (Array.isArray(schema['enum']))
    return (schema['enum'] as readonly (string | number)[]).join(', ')
  if (isObject(schema['items'])) return `list of ${typeOf(schema['items'])}`
  const { type, format } = schema
  if (typeof format === 'string') return format
  return Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : 'any'
}

const dedupe = (fields: readonly Field[]): readonly Field[] => {
  const byPath = new Map<string, Field>()
  for (const field of fields) {
    const earlier = byPath.get(field.path)
    byPath.set(field.path, earlier === undefined ? field : bothOf(earlier, field))
  }
  return [...byPath.values()]
}

const bothOf = (one: Field, other: Field): Field => ({
  ...one,
  type: one.type === other.type ? one.type : `${one.type} or ${other.type}`,
  isRequired: one.isRequired && other.isRequired,
  description: one.description || other.description,
})
