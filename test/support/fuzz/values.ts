// Values for the fuzz run: some that fit a JSON schema, and many that nobody in his senses would send.
import fc from 'fast-check'

export type Schema = Readonly<{
  $ref?: string
  type?: string | readonly string[]
  enum?: readonly unknown[]
  const?: unknown
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  items?: Schema
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
}>

export type Resolve = (schema: Schema) => Schema

const FORMATS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  uuid: fc.constantFrom(
    '0199f3a0-7c1e-7a01-8000-0000000000ff',
    '0199F3A0-7C1E-7A01-8000-0000000000FF',
  ),
  date: fc.constantFrom('2026-08-22', '2025-02-28', '0001-01-01', '9999-12-31'),
  'date-time': fc.constantFrom('2026-08-22T10:00:00Z', '2026-08-22T10:00:00.123+02:00'),
  email: fc.constantFrom('ada@example.org', 'a.b+c@sub.example.org'),
  uri: fc.constantFrom('https://x.example/a.jpg', 'http://127.0.0.1:1/', 'file:///etc/passwd'),
}

/** Something that fits the schema, as far as its rules can be read from it. */
export const fitting = (schema: Schema, resolve: Resolve, depth = 0): fc.Arbitrary<unknown> => {
  const own = resolve(schema)
  if (own.const !== undefined) return fc.constant(own.const)
  if (own.enum !== undefined) return fc.constantFrom(...own.enum)
  const choices = own.anyOf ?? own.oneOf
  if (choices !== undefined) {
    return fc.oneof(...choices.map((choice) => fitting(choice, resolve, depth)))
  }
  const [type] = [own.type ?? 'object'].flat()
  const format = own.format === undefined ? undefined : FORMATS[own.format]
  if (format !== undefined) return format
  switch (type) {
    case 'string':
      return own.pattern === undefined
        ? fc.string({ minLength: own.minLength ?? 0, maxLength: Math.min(own.maxLength ?? 20, 40) })
        : fc.oneof(byPattern(own.pattern), fc.string({ maxLength: 10 }))
    case 'integer':
      return fc.integer({ min: own.minimum ?? -5, max: own.maximum ?? 100 })
    case 'number':
      return fc.double({ min: own.minimum ?? -5, max: own.maximum ?? 100, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fitting(own.items ?? {}, resolve, depth + 1), { maxLength: 3 })
    default:
      return object(own, resolve, depth)
  }
}

const byPattern = (pattern: string): fc.Arbitrary<string> => {
  try {
    return fc.stringMatching(new RegExp(pattern))
  } catch {
    return fc.string({ maxLength: 10 })
  }
}

const MAX_DEPTH = 4

const object = (schema: Schema, resolve: Resolve, depth: number): fc.Arbitrary<unknown> => {
  if (depth > MAX_DEPTH) return fc.constant({})
  const members = Object.entries(schema.properties ?? {})
  return fc.record(
    Object.fromEntries(members.map(([name, own]) => [name, fitting(own, resolve, depth + 1)])),
    { requiredKeys: [...(schema.required ?? [])] },
  )
}

const nested = (depth: number): unknown =>
  Array.from({ length: depth }).reduce<unknown>((inner) => ({ a: inner }), 1)

/** Wrong types, huge values, odd text. */
export const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, -1, 0, 1.5, 1e308, -1e308, 5e-324, 2 ** 53, '', ' ', '\u0000', '\ud800'],
    ...['a\udfff b', '\u202e', '\ufeff', 'e\u0301', '0000-01-01', '2026-02-30', '__proto__', '-5'],
    ...["'; drop table pets; --", '<script>alert(1)</script>', '${7*7}', '../../etc/passwd'],
    ...['%00', '\r\nSet-Cookie: a=b', 'javascript:alert(1)', 'NaN', 'Infinity', '1e400'],
    ...[[], {}, [[]], { a: 1 }, [null], { $ref: '#' }, { toString: 1 }],
  ),
  fc.constant('x'.repeat(20_000)),
  fc.constant('\u{1f600}'.repeat(3_000)),
  fc.constant(Array.from({ length: 2_000 }, () => 1)),
  fc.constant(nested(500)),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

type Members = Record<string, unknown>

/** A fitting value with one or two members made wrong, left out, or added. */
export const nearlyFitting = (schema: Schema, resolve: Resolve): fc.Arbitrary<unknown> => {
  const names = Object.keys(resolve(schema).properties ?? {})
  if (names.length === 0) return fc.oneof(fitting(schema, resolve), odd)
  const change = fc.record({
    name: fc.constantFrom(...names, 'unknown', '__proto__', 'constructor'),
    value: odd,
    kind: fc.constantFrom('replace', 'replace', 'remove'),
  })
  return fc
    .tuple(fitting(schema, resolve), fc.array(change, { maxLength: 2 }))
    .map(([value, changes]) => {
      if (typeof value !== 'object' || value === null) return value
      const members = new Map(Object.entries(value as Members))
      for (const { name, value: other, kind } of changes) {
        if (kind === 'remove') members.delete(name)
        else members.set(name, other)
      }
      return Object.fromEntries(members)
    })
}
