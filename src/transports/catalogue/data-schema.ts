// The shape of an event's data as JSON Schema: all of it as staff see it, and what is left of it for the public. The
// second is made as publicView of src/events makes data, so that published data fits it.
import { z } from 'zod'
import type { EventDefinition } from '../../events/definition.ts'
import type { Json, JsonObject } from '../../core/json.ts'

type Dialect = 'draft-2020-12' | 'draft-7' // the first for JSON Schema, the second is AsyncAPI's

export const staffSchemaOf = (
  { schema }: Pick<EventDefinition, 'schema'>,
  target: Dialect = 'draft-2020-12',
): JsonObject => {
  const made = z.toJSONSchema(schema, {
    target,
    override: ({ jsonSchema }) => {
      // The bounds of what a number can hold exactly are no rule of ours; nor is the pattern behind a format.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
    },
  })
  const { $schema: _, ...own } = JSON.parse(JSON.stringify(made)) as JsonObject
  return own
}

/** Undefined: the public does not learn of the event at all. The same schema when nothing of it is hidden. */
export const publicSchemaOf = (
  { visibleToPublic, hiddenFromPublic }: EventDefinition,
  staffSchema: JsonObject,
): JsonObject | undefined => {
  if (visibleToPublic === 'none') return undefined
  const visible = visibleToPublic === 'all' ? staffSchema : pick(staffSchema, visibleToPublic)
  return hiddenFromPublic.reduce((schema, path) => without(schema, path.split('.')), visible)
}

/**
 * The schema behind `dataschema`. Both classes name the same one, so it admits either form, each
 * under its own name.
 */
export const servedSchema = (
  definition: EventDefinition,
  { id, dialect }: Readonly<{ id: string; dialect: string }>,
): JsonObject => {
  const staff = staffSchemaOf(definition)
  const publicly = publicSchemaOf(definition, staff)
  const head = {
    $schema: dialect,
    $id: id,
    title: definition.type,
    description: definition.summary,
  }
  if (publicly === undefined || publicly === staff) return { ...head, ...staff }
  return {
    ...head,
    anyOf: [{ $ref: '#/$defs/staff' }, { $ref: '#/$defs/public' }],
    $defs: { staff, public: publicly },
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const pick = (schema: JsonObject, fields: readonly string[]): JsonObject =>
  Object.keys(propertiesOf(schema))
    .filter((field) => !fields.includes(field))
    .reduce((left, field) => without(left, [field]), schema)

export const propertiesOf = ({ properties }: JsonObject): JsonObject =>
  isObject(properties) ? properties : {}

export const requiredOf = ({ required }: JsonObject): readonly Json[] =>
  Array.isArray(required) ? (required as readonly Json[]) : []

const without = (schema: JsonObject, path: readonly string[]): JsonObject => {
  const [field, ...rest] = path
  if (field === undefined) return schema
  const variants = ['anyOf', 'oneOf'].find((name) => Array.isArray(schema[name]))
  if (variants !== undefined) {
    const each = (schema[variants] as readonly JsonObject[]).map((one) => without(one, path))
    return { ...schema, [variants]: each }
  }
  const properties = propertiesOf(schema)
  const { [field]: inner, ...others } = properties
  if (!isObject(inner)) return schema
  if (rest.length > 0) {
    return { ...schema, properties: { ...properties, [field]: without(inner, rest) } }
  }
  const required = requiredOf(schema).filter((name) => name !== field)
  const { required: _, ...own } = schema
  return { ...own, properties: others, ...(required.length === 0 ? {} : { required }) }
}
