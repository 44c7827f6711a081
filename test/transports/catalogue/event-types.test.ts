// The catalogue says what the feed does: the registry's events and no others, with schemas that the published data
// fits, and samples that are what a consumer would get.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { HTTP, CloudEvent } from 'cloudevents'
import t from 'tap'
import { definitionOf, definitions, publicDataOf } from '../../../src/events/registry.ts'
import { DEFAULT_SCHEMA_BASE } from '../../../src/transports/feed/feed.ts'
import { listEventTypes, listSchemas } from '../../../src/transports/catalogue/event-type.ts'
import { compiled, type FeedHarness, feedHarness, settle, TENANT, write } from '../feed/harness.ts'

type Json = Record<string, unknown>

const PLACES = { publicUrl: 'https://pets.test', schemaBase: DEFAULT_SCHEMA_BASE }
const types = listEventTypes(PLACES)

const ajv = new Ajv2020({ strict: true, allErrors: true })
formats.default(ajv)
const fits = (schema: object, value: unknown): string => {
  const validate = ajv.compile(schema)
  return validate(value) ? '' : JSON.stringify(validate.errors)
}

const dataOf = (sample: unknown): Json => (sample as { data: Json }).data

void t.test('the catalogue lists exactly the registry', async (t) => {
  t.strictSame(
    types.map(({ type, version }) => [type, version]),
    definitions.map(({ type, version }) => [type, version]),
  )
  for (const { type, version, versions, samples } of types) {
    t.equal(versions.at(-1), version, type)
    t.match(samples.staff['dataschema'], new RegExp(`/schemas/${type}/${String(version)}$`))
  }
})

void t.test('every sample is a CloudEvent by the reference library', async (t) => {
  for (const { type, samples } of types) {
    for (const sample of [samples.staff, samples.public]) {
      if (sample === null) continue
      const event = new CloudEvent({ ...sample, data: dataOf(sample) })
      t.ok(event.validate(), type)
      const headers = { 'content-type': 'application/cloudevents+json' }
      const received = HTTP.toEvent({ headers, body: JSON.stringify(sample) }) as CloudEvent<Json>
      t.equal(received.type, type)
      t.strictSame(received.data, dataOf(sample))
    }
  }
})

void t.test(
  'every sample fits its schema, and the public one fits no more than its own',
  async (t) => {
    const schemas = listSchemas(DEFAULT_SCHEMA_BASE)
    for (const each of types) {
      const { type, schema, publicSchema, samples } = each
      t.equal(fits(schema, dataOf(samples.staff)), '', type)
      const served = schemas.get(new URL(each.dataschema).pathname)
      t.ok(served, `${type} has a schema behind its dataschema`)
      if (served === undefined) continue
      t.equal(served['$id'], each.dataschema)
      const { $id: _, ...own } = served
      t.equal(fits(own, dataOf(samples.staff)), '', `${type} as it is served`)
      t.equal(publicSchema === null, samples.public === null, type)
      if (publicSchema === null || samples.public === null) continue
      t.equal(fits(publicSchema, dataOf(samples.public)), '', `${type} for the public`)
      t.equal(fits(own, dataOf(samples.public)), '', `${type} for the public, as it is served`)
      if (each.visibility.public === 'some') {
        t.not(fits(publicSchema, dataOf(samples.staff)), '', `${type}: staff see more`)
      }
    }
  },
)

void t.test('what the public sees of a sample is what the registry lets through', async (t) => {
  for (const { type, samples, visibility } of types) {
    const data = dataOf(samples.staff)
    const shown = publicDataOf({ type, data: data as never })
    t.equal(samples.public === null, shown === undefined, type)
    t.equal(visibility.public === 'none', shown === undefined, type)
    if (shown === undefined || samples.public === null) continue
    t.strictSame(dataOf(samples.public), shown, type)
    t.equal(visibility.public === 'all', shown === data, type)
    t.strictSame(
      Object.keys(shown).filter((field) => !visibility.fields.includes(field)),
      [],
      type,
    )
    for (const extension of ['actorid', 'actorkind', 'correlationid', 'causationid']) {
      t.notOk(extension in samples.public, `${type} without ${extension}`)
    }
  }
})

void t.test('a sample is what the feed sends for the same event', async (t) => {
  const harness = await feedHarness(t)
  for (const { type, aggregate, samples } of types) {
    if (!type.startsWith(`${aggregate}.`)) continue // the rig names a stream by the type's first word
    await write(harness.store, { type })
    const sent = { staff: await newest(harness, 'staff'), public: await newest(harness, 'public') }
    t.strictSame(shapeOf(sent.staff), shapeOf(samples.staff), type)
    const isSent = sent.public?.['type'] === type && sent.public['id'] === sent.staff?.['id']
    t.equal(isSent, samples.public !== null, `${type} is sent to the public, or is not`)
    if (isSent) t.strictSame(shapeOf(sent.public), shapeOf(samples.public), type)
  }
})

const newest = async ({ feed, store }: FeedHarness, visibility: 'staff' | 'public') => {
  await settle(feed, store)
  const request = {
    tenantId: TENANT,
    principal: 'user:reader',
    visibility,
    filter: compiled(),
    after: 0,
    limit: 500,
  }
  const outcome = await feed.readPage(request)
  if (outcome.kind !== 'page') throw new Error(outcome.kind)
  const last = outcome.page.items.at(-1)
  return last === undefined ? undefined : (JSON.parse(last) as Json)
}

/** The names of its members and its data; the ids and times of a sample are its own. */
const shapeOf = (event: Json | undefined | null) => ({
  names: Object.keys(event ?? {}).filter((name) => name !== 'causationid'),
  type: event?.['type'],
  dataschema: event?.['dataschema'],
  data: event?.['data'],
})

void t.test('personal data is marked where it is, and is not published', async (t) => {
  for (const { type, personal, samples } of types) {
    t.strictSame(personal, definitionOf(type)?.personal)
    for (const path of personal) {
      if (samples.public === null) continue
      t.equal(memberAt(dataOf(samples.public), path), undefined, `${type} keeps ${path}`)
    }
  }
})

const memberAt = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Json | undefined)?.[name], data)
