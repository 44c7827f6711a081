// docs/events.md as text, from the definitions alone: what is declared is what is documented.
import { format } from 'prettier'
import { z } from 'zod'
import type { AggregateEvents, EventDefinition } from '../../src/events/definition.ts'

export const renderEventCatalogue = (aggregates: readonly AggregateEvents[]): Promise<string> =>
  format([INTRODUCTION, ...aggregates.map(aggregateSection)].join('\n\n'), { parser: 'markdown' })

const INTRODUCTION = `# Events

Every event that can be stored, generated from \`src/events\` (\`npm run docs\`). A shape changes only
by a new version and an upcast, so that what was stored years ago is still read in the current
shape. *Public* fields are the ones that everybody may see; the rest is for the staff of the tenant.
*Personal* fields hold data of a person.`

const aggregateSection = ({
  category,
  collection,
  events,
}: AggregateEvents): string => `## ${category}

Stream \`${category}-<tenantId>.<id>\`, subject \`${collection}/<id>\`.

${events.map(eventSection).join('\n\n')}`

const eventSection = (definition: EventDefinition): string => `### ${definition.type}

${definition.summary} Version ${String(definition.version)}${publicNote(definition)}.

| Field | Type | Public | Personal |
| --- | --- | --- | --- |
${fieldsOf(definition).map(fieldRow(definition)).join('\n')}

\`\`\`json
${JSON.stringify(definition.sample, null, 2)}
\`\`\``

const publicNote = ({ visibleToPublic }: EventDefinition): string =>
  visibleToPublic === 'none' ? '; the public does not learn of it' : ''

const fieldRow = (definition: EventDefinition) => (field: Field) => {
  const type = field.isOptional ? `${field.type}, optional` : field.type
  const isPersonal = isBelow(field.path, definition.personal)
  const marks = [isPublic(definition, field.path), isPersonal].map((is) => (is ? 'yes' : ''))
  return `| \`${field.path}\` | ${[type, ...marks].join(' | ')} |`
}

const isPublic = (
  { visibleToPublic, hiddenFromPublic }: EventDefinition,
  path: string,
): boolean => {
  if (visibleToPublic === 'none' || isBelow(path, hiddenFromPublic)) return false
  return visibleToPublic === 'all' || isBelow(path, visibleToPublic)
}

const isBelow = (path: string, parents: readonly string[]): boolean =>
  parents.some(
    (parent) =>
      path.replaceAll('[]', '') === parent ||
      path.startsWith(`${parent}.`) ||
      path.startsWith(`${parent}[]`),
  )

export type Field = Readonly<{ path: string; type: string; isOptional: boolean }>

/**
 * Every field of an event's data by its path, `photos[].url`; nested objects are given by their
 * members.
 */
export const fieldsOf = (definition: Pick<EventDefinition, 'schema'>): Field[] => {
  const schema: Shape = z.toJSONSchema(definition.schema)
  const byPath = new Map<string, Field>()
  for (const field of membersOf(schema, '')) {
    const same = byPath.get(field.path)
    byPath.set(field.path, same === undefined ? field : eitherOf(same, field))
  }
  return [...byPath.values()]
}

/** The part of JSON Schema that the events' schemas come out as. */
type Shape = z.core.JSONSchema.JSONSchema

const membersOf = (shape: Shape, parent: string): Field[] =>
  Object.entries(shape.properties ?? {}).flatMap(([name, member]) => {
    const isOptional = !(shape.required ?? []).includes(name)
    return typeof member === 'boolean'
      ? []
      : fieldsAt(member, { path: parent === '' ? name : `${parent}.${name}`, isOptional })
  })

const fieldsAt = (shape: Shape, at: Omit<Field, 'type'>): Field[] => {
  const { variants, isNullable } = withoutNull(shape)
  const orNull = isNullable ? ' or null' : ''
  return variants.flatMap((variant): Field[] => {
    if (variant.properties !== undefined) {
      const members = membersOf(variant, at.path).map(optionalUnlessIn(variants, at.path))
      return isNullable ? [{ ...at, type: 'object or null' }, ...members] : members
    }
    const { items } = variant
    if (typeof items === 'object' && !Array.isArray(items)) {
      const isPlain = withoutNull(items).variants.every((item) => item.properties === undefined)
      if (isPlain) return [{ ...at, type: `list of ${nameOf(items)}${orNull}` }]
      return fieldsAt(items, { ...at, path: `${at.path}[]` })
    }
    return [{ ...at, type: nameOf(variant) + orNull }]
  })
}

/** A member that only some variants of an object have is optional. */
const optionalUnlessIn = (variants: readonly Shape[], parent: string) => (field: Field) => {
  const name = field.path.slice(parent.length + 1).split(/[.[]/)[0] ?? ''
  const isEverywhere = variants.every((variant) => name in (variant.properties ?? {}))
  return { ...field, isOptional: field.isOptional || !isEverywhere }
}

const withoutNull = (shape: Shape): { variants: Shape[]; isNullable: boolean } => {
  const all = shape.oneOf ?? shape.anyOf ?? [shape]
  const variants = all.filter((each) => typeof each === 'object' && each.type !== 'null')
  return { variants, isNullable: variants.length < all.length }
}

const nameOf = (shape: Shape): string => {
  if (shape.const !== undefined) return JSON.stringify(shape.const).replaceAll('"', '')
  if (shape.enum !== undefined) return shape.enum.map(String).join(', ')
  if (Array.isArray(shape.type)) return shape.type.join(' or ')
  return shape.format ?? shape.type ?? 'any'
}

const eitherOf = (one: Field, other: Field): Field =>
  one.type === other.type
    ? one
    : { ...one, type: `${one.type}, ${other.type}`, isOptional: one.isOptional || other.isOptional }
