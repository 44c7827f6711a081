// One event of the registry as the catalogue tells of it, and the list of them all.
import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import type { EventDefinition } from '../../events/definition.ts'
import { aggregates } from '../../events/registry.ts'
import { propertiesOf, publicSchemaOf, servedSchema, staffSchemaOf } from './data-schema.ts'
import { type Registered, samplesOf } from './sample.ts'
import type { CatalogueOptions } from './settings.ts'

const jsonSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'JsonSchema', description: 'A JSON Schema of draft 2020-12.' })
const sample = z
  .looseObject({ specversion: z.literal('1.0'), id: z.string(), type: z.string() })
  .meta({ description: 'A whole CloudEvent, as this class of consumers gets it.' })

export const eventTypeSchema = z
  .strictObject({
    type: z.string(),
    version: z.int().min(1).meta({ description: 'The version that is sent.' }),
    versions: z
      .array(z.int().min(1))
      .meta({ description: 'The versions that were ever stored; all are lifted to the last one.' }),
    summary: z.string(),
    aggregate: z.string(),
    subject: z.string().meta({ description: 'The form of the subject: `pets/{id}`.' }),
    visibility: z.strictObject({
      public: z.enum(['all', 'some', 'none']).meta({
        description: 'How much of data the public sees; none: not even that it happened.',
      }),
      fields: z.array(z.string()).meta({ description: 'The members of data that it sees.' }),
      hidden: z
        .array(z.string())
        .meta({ description: 'Paths below these that it does not see all the same.' }),
    }),
    personal: z.array(z.string()).meta({ description: 'Paths of personal data.' }),
    dataschema: z.string().meta({ description: 'As events of this type name their schema.' }),
    schemaUrl: z.string().meta({ description: 'Where this server answers with that schema.' }),
    schema: jsonSchema.meta({ description: 'Of data, as staff see it.' }),
    publicSchema: jsonSchema
      .nullable()
      .meta({ description: 'Of data, as the public sees it; null: it does not.' }),
    samples: z.strictObject({ staff: sample, public: sample.nullable() }),
  })
  .meta({ id: 'EventType', description: 'A type of events.' })
export type EventType = z.infer<typeof eventTypeSchema>

export const eventTypeList = z.strictObject({ data: z.array(eventTypeSchema) })

export const registeredEvents: readonly Registered[] = aggregates.flatMap(({ category, events }) =>
  events.map((definition) => ({ definition, category })),
)

type Places = Pick<CatalogueOptions, 'publicUrl' | 'schemaBase'>

export const listEventTypes = (places: Places): readonly EventType[] =>
  aggregates.flatMap(({ category, collection, events }) =>
    events.map((definition) => describe({ definition, category }, collection, places)),
  )

const describe = (registered: Registered, collection: string, places: Places): EventType => {
  const { definition, category } = registered
  const { type, version, summary, personal, hiddenFromPublic } = definition
  const schema = staffSchemaOf(definition)
  const samples = samplesOf(registered, places.schemaBase)
  return {
    type,
    version,
    versions: Array.from({ length: version }, (_, index) => index + 1),
    summary,
    aggregate: category,
    subject: `${collection}/{id}`,
    visibility: {
      public: publicShare(definition),
      fields: [...visibleFields(definition, schema)],
      hidden: [...hiddenFromPublic],
    },
    personal: [...personal],
    dataschema: places.schemaBase + schemaPath(definition),
    schemaUrl: places.publicUrl + schemaPath(definition),
    schema,
    publicSchema: publicSchemaOf(definition, schema) ?? null,
    samples: samples as EventType['samples'],
  }
}

export const schemaPath = ({ type, version }: Pick<EventDefinition, 'type' | 'version'>): string =>
  `/schemas/${type}/${String(version)}`

const publicShare = ({ visibleToPublic, hiddenFromPublic }: EventDefinition) => {
  if (visibleToPublic === 'none') return 'none'
  return visibleToPublic === 'all' && hiddenFromPublic.length === 0 ? 'all' : 'some'
}

const visibleFields = (
  { visibleToPublic }: EventDefinition,
  schema: JsonObject,
): readonly string[] => {
  if (visibleToPublic === 'none') return []
  return visibleToPublic === 'all' ? Object.keys(propertiesOf(schema)) : visibleToPublic
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

/** Every schema that is served, by its path. */
export const listSchemas = (schemaBase: string): ReadonlyMap<string, JsonObject> =>
  new Map(
    registeredEvents.map(({ definition }) => {
      const path = schemaPath(definition)
      return [path, servedSchema(definition, { id: schemaBase + path, dialect: DIALECT })]
    }),
  )
