// Schemas of requests and answers as JSON Schema 2020-12. A schema with `.meta({ id })` becomes a
// component that all others refer to.
import { z } from 'zod'
import type { JsonObject } from '../../../core/json.ts'

export type Components = Readonly<{
  /** The schema, or a reference to it. `input`: as a request sends it; `output`: as an answer has it. */
  refer(schema: z.ZodType, side: 'input' | 'output'): JsonObject
  schemas(): Readonly<Record<string, JsonObject>>
}>

export const createComponents = (): Components => {
  const known = new Map<string, JsonObject>()
  const add = (name: string, schema: JsonObject): void => {
    const earlier = known.get(name)
    if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(schema)) {
      throw new Error(`two schemas are called ${name}`)
    }
    known.set(name, schema)
  }
  return {
    refer: (schema, side) => {
      const json = toJson(schema, side)
      const { $schema: _, $defs = {}, id, ...own } = json
      for (const [name, definition] of Object.entries($defs as JsonObject)) {
        add(name, withoutId(definition as JsonObject))
      }
      if (typeof id !== 'string') return own
      add(id, own)
      return { $ref: `#/components/schemas/${id}` }
    },
    schemas: () => Object.fromEntries([...known].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

const toJson = (schema: z.ZodType, side: 'input' | 'output'): JsonObject => {
  const json = z.toJSONSchema(schema, {
    io: side,
    target: 'draft-2020-12',
    unrepresentable: 'any', // a member of which nothing is said takes anything
    override: ({ jsonSchema }) => {
      // The bounds of what a number can hold exactly are no rule of ours.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
      // A day is said by its format; the pattern behind it is longer than the rest of the schema.
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern
    },
  })
  return JSON.parse(
    JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as JsonObject
}

const withoutId = ({ id: _, ...own }: JsonObject): JsonObject => own
