// The catalogue as the whole application serves it; each answer is held against the published OpenAPI document too.
import t from 'tap'
import { parse } from 'yaml'
import { definitions } from '../../../src/events/registry.ts'
import type { EventType } from '../../../src/transports/catalogue/event-type.ts'
import { PAGE_POLICY } from '../../../src/transports/catalogue/page/page.ts'
import { testApp } from '../../support/app.ts'

type Json = Record<string, unknown>

const { app } = await testApp(t)

t.test('the catalogue is served, and kept by readers until it changes', async (t) => {
  const list = await app.inject('/v1/event-types')
  t.equal(list.statusCode, 200)
  const { data } = list.json<{ data: EventType[] }>()
  t.strictSame(
    data.map(({ type }) => type),
    definitions.map(({ type }) => type),
  )
  for (const { type, dataschema, schemaUrl } of data) {
    const one = await app.inject(`/v1/event-types/${type}`)
    t.strictSame(
      one.json(),
      data.find((each) => each.type === type),
    )
    const path = new URL(dataschema).pathname
    t.equal(new URL(schemaUrl).pathname, path)
    const schema = await app.inject(path)
    t.equal(schema.statusCode, 200, path)
    t.match(schema.headers['content-type'], 'application/schema+json')
    t.equal(schema.json<Json>()['$id'], dataschema)
  }
  for (const url of ['/v1/event-types', '/v1/event-types/pet.adopted', '/schemas/pet.adopted/1']) {
    const first = await app.inject(url)
    const headers = { 'if-none-match': `"other", W/${String(first.headers.etag)}` }
    const again = await app.inject({ url, headers })
    t.equal(again.statusCode, 304, url)
    t.equal(again.body, '')
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200)
  }
  for (const url of ['/v1/event-types/pet.sold', '/schemas/pet.adopted/2', '/schemas/pet.sold/1']) {
    const answer = await app.inject(url)
    t.equal(answer.statusCode, 404, url)
    t.match(answer.headers['content-type'], 'application/problem+json')
  }
})

t.test('it is served as JSON and as YAML, the same, and kept until it changes', async (t) => {
  const json = await app.inject('/v1/asyncapi.json')
  const yaml = await app.inject('/v1/asyncapi.yaml')
  t.equal(json.statusCode, 200)
  t.match(yaml.headers['content-type'], 'application/yaml')
  t.strictSame(parse(yaml.body), json.json())
  for (const url of ['/v1/asyncapi.json', '/v1/asyncapi.yaml', '/v1/asyncapi-ui.html']) {
    const headers = { 'if-none-match': String((await app.inject(url)).headers.etag) }
    t.equal((await app.inject({ url, headers })).statusCode, 304, url)
  }
  const channels = json.json<{ channels: object }>().channels
  t.ok('eventStream' in channels)
  const live = await app.inject({ method: 'HEAD', url: '/v1/events/stream' })
  t.equal(live.statusCode, 200, 'what it describes is there')
})

t.test('the page is served with its policy, and its links lead somewhere', async (t) => {
  const served = await app.inject('/v1/asyncapi-ui.html')
  t.equal(served.statusCode, 200)
  t.equal(served.headers['content-security-policy'], PAGE_POLICY)
  t.match(served.body, 'name="viewport"')
  for (const [, to] of served.body.matchAll(/ href="(\/[^"]+)"/g)) {
    t.equal((await app.inject(String(to))).statusCode, 200, String(to))
  }
})
