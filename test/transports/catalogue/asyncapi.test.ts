// The AsyncAPI document holds by the rules of a parser that we did not write, and describes what is served alone.
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import t from 'tap'
import { aggregates, definitions } from '../../../src/events/registry.ts'
import { asyncApiDocument } from '../../../src/transports/catalogue/asyncapi/document.ts'
import type { ServedTransport } from '../../../src/transports/catalogue/settings.ts'
import { DEFAULT_SCHEMA_BASE } from '../../../src/transports/feed/feed.ts'
import { parseAsyncApi } from '../../support/document-rules.mjs'

const ALL: readonly ServedTransport[] = ['sse', 'websocket', 'mqtt', 'webhooks']
const make = (transports: readonly ServedTransport[]) =>
  asyncApiDocument({ publicUrl: 'https://pets.test', schemaBase: DEFAULT_SCHEMA_BASE, transports })

const INFORMATION = 2 // 0: error, 1: warning
// It is 3.0 by intent: generators and editors read it, and few of them 3.1 yet.
const EXPECTED = ['asyncapi-latest-version']

const diagnosticsOf = (document: unknown) => parseAsyncApi(JSON.stringify(document))

t.test('the document parses without an error or a warning, whatever is served', async (t) => {
  for (const transports of [ALL, ['sse'] as const]) {
    const diagnostics = await diagnosticsOf(make(transports))
    const told = diagnostics.map(({ code, severity, message, path }) => {
      return { code, severity, message, at: path.join('.') }
    })
    t.strictSame(
      told.filter(({ code }) => !EXPECTED.includes(String(code))),
      [],
      transports.join(),
    )
    t.ok(told.every(({ severity }) => severity >= INFORMATION))
  }
})

t.test('the parser sees what is wrong: its silence says something', async (t) => {
  const { channels, ...rest } = make(['sse'])
  const broken = { ...rest, channels: { ...channels, eventStream: { address: 1 } } }
  t.ok((await diagnosticsOf(broken)).some(({ severity }) => severity < INFORMATION))
})

t.test('every example fits the payload of its message', async (t) => {
  const document = make(ALL)
  const ajv = new Ajv({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema({ components: document.components }, 'doc')
  for (const [name, { payload, examples }] of Object.entries(document.components.messages)) {
    const text = JSON.stringify(payload).replaceAll('"#/', '"doc#/')
    const validate = ajv.compile(JSON.parse(text) as object)
    t.ok(examples.length > 0, `${name} has an example`)
    for (const example of examples) {
      t.ok(validate(example.payload), `${name}: ${JSON.stringify(validate.errors)}`)
    }
  }
})

t.test('every event of the registry is a message of every transport', async (t) => {
  const { channels, components } = make(ALL)
  const types = definitions.map(({ type }) => type)
  for (const type of types) t.ok(components.messages[type], type)
  for (const name of ['eventStream', 'mqtt.shared.events', 'mqtt.tenant.events']) {
    const messages = Object.keys(channels[name]?.messages ?? {})
    t.strictSame(
      types.filter((type) => !messages.includes(type)),
      [],
      name,
    )
  }
  for (const name of ['ws.event', 'webhook.cloudEvent']) {
    const payload = JSON.stringify(components.messages[name]?.payload)
    for (const type of types) t.match(payload, `"#/components/schemas/${type}"`)
  }
})

t.test('the documented topics are there, for the shared pool and below a tenant', async (t) => {
  const addresses = Object.values(make(['mqtt']).channels).map(({ address }) => address)
  const topics = [
    ...['pets/{petId}/status', 'pets/{petId}/availability', 'orders/{orderId}/status'],
    ...['orders/{orderId}/payment', 'adoptions/{adoptionId}/status', 'inventory/{species}/stock'],
    'events/{collection}/{id}/{event}',
  ]
  t.strictSame(
    addresses,
    [...topics, ...topics.map((topic) => `tenants/{tenantId}/${topic}`), '$checkpoint'],
    'and no others',
  )
  const parameters = make(['mqtt']).channels['mqtt.shared.events']?.parameters
  t.strictSame(
    parameters?.['collection']?.enum,
    aggregates.map(({ collection }) => collection),
  )
})

t.test('what is not served is not described', async (t) => {
  const protocols = (transports: readonly ServedTransport[]) =>
    Object.values(make(transports).servers).map(({ protocol }) => protocol)
  t.strictSame(protocols(['sse']), ['https'])
  t.strictSame(protocols(['websocket']), ['wss'])
  t.strictSame(protocols(['mqtt']), ['mqtt', 'wss'])
  t.strictSame(Object.keys(make(['sse']).channels), ['eventStream'])
  t.strictSame(Object.keys(make(['webhooks']).channels), ['webhook'])
  t.notMatch(JSON.stringify(make(['sse'])), /mqtt|"ws\.|webhook-signature/)
})
