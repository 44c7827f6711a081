// Requests for the fuzz run, made from the published documents: any operation, with what its schemas ask for and with
// everything else.
import fc from 'fast-check'
import { fitting, nearlyFitting, odd, type Schema } from './values.ts'

type Parameter = Readonly<{ $ref?: string; name: string; in: string; schema: Schema }>
type Operation = Readonly<{
  parameters?: readonly Parameter[]
  requestBody?: Readonly<{ content: Readonly<Record<string, Readonly<{ schema: Schema }>>> }>
}>
export type Document = Readonly<{
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}>

export type FuzzRequest = Readonly<{
  method: string
  target: string // as it is sent
  template: string // the path of the operation it was made for
  headers: Readonly<Record<string, string>>
  body: string | undefined
}>

/** What there is to meet: tokens, and ids of things that exist, by the beginning of a path. */
export type World = Readonly<{
  authorizations: readonly string[]
  tenants: readonly string[]
  idsOf(template: string): readonly string[]
}>

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'OPTIONS', 'TRACE']
const ODD_SEGMENTS = [
  ...['', '%00', '%ff', '%', '..', '%2e%2e', '..%2f..%2fetc%2fpasswd', '.', '%20', 'a%2fb', ';a=b'],
  ...[
    '0',
    '-1',
    '1e3',
    '999999999999999999999',
    'null',
    '%F0%9F%98%80',
    '9'.repeat(300),
    '__proto__',
  ],
  ...['0199f3a0-7c1e-7a01-8000-0000000000ff', '0199f3a0-7c1e-1a01-8000-0000000000ff'],
]
const MEDIA_TYPES = [
  ...['application/json', 'application/json; charset=utf-16', 'text/plain', 'application/xml', ''],
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
  ],
  ...['application/merge-patch+json', 'application/json-patch+json', 'garbage', '*/*'],
]
const BROKEN_BODIES = [
  ...[
    '{',
    '{"a":}',
    '[1,',
    'null',
    '""',
    '1',
    'true',
    '{"a":1}{"b":2}',
    '\u0000',
    '{"a":"\\ud800"}',
  ],
  ...['{"__proto__":{"a":1}}', '{"a":1e400}', '<xml/>', 'a=b&c=d', `${'['.repeat(3_000)}`],
]
const ODD_HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['if-match', ['*', '"v1"', 'v1', 'W/"v1"', '"', '"v99999999999999"', 'x'.repeat(3_000)]],
  ['if-none-match', ['*', '"v1"', 'W/"a", "b"', '"', 'x'.repeat(3_000)]],
  ['idempotency-key', ['a', ' ', 'x'.repeat(300), '"quoted"', 'k'.repeat(200), 'a,b']],
  ['wait-for-cursor', ['AAAA', '', 'x'.repeat(600), '0', '../..']],
  ['x-request-id', ['ok-1', 'x'.repeat(500), '<b>']],
  ['accept', ['application/json', 'text/html', '*/*;q=0', 'application/xml, */*', 'garbage']],
  ['accept-encoding', ['gzip', 'br;q=1, *;q=0', 'identity;q=0', 'x'.repeat(200)]],
  ['last-event-id', ['AAAA', '0', 'x'.repeat(600)]],
  ['origin', ['https://evil.example', 'null']],
  ['x-long', ['x'.repeat(20_000)]],
  ['content-length', ['5']],
  ['expect', ['100-continue']],
]

export const requestOf = (document: Document, world: World): fc.Arbitrary<FuzzRequest> => {
  const operations = Object.entries(document.paths).flatMap(([template, path]) =>
    Object.entries(path).map(([method, operation]) => ({ template, method, operation })),
  )
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : (document.components['schemas']?.[name] as Schema)
  }
  return fc.constantFrom(...operations).chain(({ template, method, operation }) => {
    const parameters = (operation.parameters ?? []).filter((one) => one.$ref === undefined)
    return fc.record({
      method: mostly(fc.constant(method.toUpperCase()), fc.constantFrom(...METHODS)),
      target: fc
        .tuple(pathOf(template, world), queryOf(parameters, resolve))
        .map(([path, query]) => `${path}${query}`),
      template: fc.constant(template),
      headers: headersOf(operation, world),
      body: bodyOf(operation, resolve),
    })
  })
}

const mostly = <Value>(usual: fc.Arbitrary<Value>, unusual: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: unusual, weight: 1 })

const pathOf = (template: string, world: World): fc.Arbitrary<string> => {
  const known = world.idsOf(template)
  const usual = known.length === 0 ? fc.constantFrom(...ODD_SEGMENTS) : fc.constantFrom(...known)
  const segment = fc.oneof(
    { arbitrary: usual, weight: 4 },
    { arbitrary: fc.constantFrom(...ODD_SEGMENTS), weight: 1 },
  )
  const filled = segment.map((value) => template.replaceAll(/\{\w+\}/g, value))
  const tricks = fc.tuple(filled, fc.constantFrom('/', '//', '/%2e%2e', '/.', ';x', '%00', '/..'))
  return mostly(
    filled,
    tricks.map(([path, trick]) => path + trick),
  )
}

const queryOf = (
  parameters: readonly Parameter[],
  resolve: (schema: Schema) => Schema,
): fc.Arbitrary<string> => {
  const inQuery = parameters.filter((parameter) => parameter.in === 'query')
  const fits = inQuery.map(({ name, schema }) =>
    fc.tuple(fc.constant(name), mostly(fitting(schema, resolve), odd)),
  )
  const strange = fc.tuple(fc.constantFrom('x', '__proto__', 'q[]', '%ff', '', '_sort'), odd)
  const pair = fits.length === 0 ? strange : mostly(fc.oneof(...fits), strange)
  return fc
    .array(pair, { maxLength: 3 })
    .map((pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(text(value))}`))
    .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`.slice(0, 6_000)))
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : JSON.stringify(value)

/** Halves of characters cannot be encoded: they go as the bytes that broken clients send. */
const encode = (value: string): string =>
  /[\ud800-\udfff]/u.test(value) ? '%ed%a0%80' : encodeURIComponent(value)

const headersOf = (operation: Operation, world: World): fc.Arbitrary<Record<string, string>> => {
  const types = Object.keys(operation.requestBody?.content ?? {})
  const type = mostly(
    fc.constantFrom(...(types.length === 0 ? ['application/json'] : types)),
    fc.constantFrom(...MEDIA_TYPES),
  )
  const extra = fc
    .constantFrom(...ODD_HEADERS)
    .chain(([name, values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values)))
  return fc
    .tuple(
      type,
      fc.constantFrom(...world.authorizations),
      fc.constantFrom(...world.tenants),
      fc.oneof({ arbitrary: fc.constant([]), weight: 3 }, fc.array(extra, { maxLength: 2 })),
    )
    .map(([contentType, authorization, tenant, others]) => ({
      ...(contentType === '' ? {} : { 'content-type': contentType }),
      ...(authorization === '' ? {} : { authorization }),
      ...(tenant === '' ? {} : { 'x-tenant-id': tenant }),
      ...Object.fromEntries(others),
    }))
}

const bodyOf = (
  operation: Operation,
  resolve: (schema: Schema) => Schema,
): fc.Arbitrary<string | undefined> => {
  const [media] = Object.values(operation.requestBody?.content ?? {})
  if (media === undefined) {
    return mostly(fc.constant(undefined), fc.constantFrom(...BROKEN_BODIES))
  }
  const written = fc
    .oneof(fitting(media.schema, resolve), nearlyFitting(media.schema, resolve), odd)
    .map((value) => JSON.stringify(value))
  return mostly(written, fc.constantFrom(...BROKEN_BODIES))
}
