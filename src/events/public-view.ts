// What the public may see of an event: an allow list of top-level fields, less the hidden paths
// below them.
import type { Json, JsonObject } from '../core/json.ts'
import type { EventDefinition } from './definition.ts'

type View = (data: JsonObject) => JsonObject | undefined

/** Made once for a definition, since every delivered event passes through it. */
export const publicView = (
  definition: Pick<EventDefinition, 'visibleToPublic' | 'hiddenFromPublic'>,
): View => {
  const { visibleToPublic: visible } = definition
  const hidden = definition.hiddenFromPublic.map((path) => path.split('.'))
  if (visible === 'none') return () => undefined
  return (data) => hidden.reduce(withoutPath, visible === 'all' ? data : pick(data, visible))
}

const pick = (data: JsonObject, fields: readonly string[]): JsonObject =>
  Object.fromEntries(fields.flatMap((field) => (field in data ? [[field, data[field]]] : [])))

const withoutPath = (data: JsonObject, path: readonly string[]): JsonObject => {
  const [field, ...rest] = path
  if (field === undefined || !(field in data)) return data
  if (rest.length === 0) {
    const { [field]: _hidden, ...others } = data
    return others
  }
  const inner = data[field]
  return isObject(inner) ? { ...data, [field]: withoutPath(inner, rest) } : data
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
