// What is refused is named as the caller wrote it: each field of each published body and query is sent wrong, and every
// error names a member that was sent, or one that is missing where it would have been.
import fc from 'fast-check'
import t from 'tap'
import { MAX_PHOTOS } from '../../../src/commands/pet.ts'
import type { Document } from '../../support/fuzz/requests.ts'
import type { Schema } from '../../support/fuzz/values.ts'
import { httpApp, LUNA } from './http-app.ts'

const rig = await httpApp(t)
const { app } = rig
const admin = await rig.bearer({ scopes: ['admin'] })
const SEARCH = '/v1/pets/search'
const APART = /^\/v1\/events\/stream|\/images\/./ // it does not end; a path that is wrong already

type Json = Readonly<Record<string, unknown>>
type FieldError = Readonly<{ field: string; code: string; message: string }>
type Operation = Readonly<{ method: string; url: string; body: Schema; query: readonly string[] }>

const operationsOf = async (path: string): Promise<readonly Operation[]> => {
  const document = (await app.inject(path)).json<Document>()
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1)
    if (name !== undefined) return document.components['schemas']?.[name] as Schema
    const choices = (schema.anyOf ?? schema.oneOf ?? []).map(resolve)
    const members = Object.assign({}, ...choices.map(({ properties = {} }) => properties)) as object
    const properties = Object.entries({ ...members, ...schema.properties })
    return {
      ...schema,
      properties: Object.fromEntries(
        properties.map(([key, own]: [string, Schema]) => [key, resolve(own)]),
      ),
    }
  }
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const [content] = Object.values(requestBody?.content ?? {})
      return {
        method: method.toUpperCase(),
        url: template.replaceAll(/\{[^}]*\}/g, template.startsWith('/v1') ? ID : '1'),
        body: content === undefined ? {} : resolve(content.schema),
        query: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
      }
    }),
  )
}
const ID = '0199f3a0-7c1e-7a01-8000-0000000000ff'
const operations = [
  ...(await operationsOf('/v1/openapi.json')),
  ...(await operationsOf('/classic/openapi.json')),
].filter(({ url }) => /^\/(v1|pets|shelters|classic)\b/.test(url) && !APART.test(url))

const pathsOf = ({ properties = {} }: Schema): readonly (readonly string[])[] =>
  Object.entries(properties).flatMap(([name, own]) => [
    [name],
    ...pathsOf(own).map((path) => [name, ...path]),
  ])

const bodyOf = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, name) => ({ [name]: inner }), value)

/** What `path` leads to in what was sent; undefined for nothing. */
const memberAt = (sent: unknown, [name, ...rest]: readonly string[]): unknown => {
  if (name === undefined) return sent
  const isThere = typeof sent === 'object' && sent !== null && Object.hasOwn(sent, name)
  return isThere ? memberAt((sent as Json)[name], rest) : undefined
}
const hasMembers = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const WRONG: readonly unknown[] = [{}, [[]], -1.5, '\u0000', 'x'.repeat(10_000), { not_here: 1 }]

const errorsOf = async (
  { method, url }: Pick<Operation, 'method' | 'url'>,
  payload?: unknown,
): Promise<readonly FieldError[]> => {
  const headers = { ...admin, 'content-type': 'application/json' }
  const answer = await app.inject({
    ...{ method: method as 'POST', url, headers: payload === undefined ? admin : headers },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  })
  if (answer.statusCode >= 500) throw new Error(`${method} ${url}: ${answer.body}`)
  if (answer.statusCode !== 400 && answer.statusCode !== 422) return []
  return answer.json<{ errors?: FieldError[] }>().errors ?? []
}

/** Of the errors those that name what was not sent; what is missing is missing from an object that was sent. */
const misnamed = (errors: readonly FieldError[], sent: unknown): readonly FieldError[] =>
  errors.filter(({ field, code }) => {
    const path = field === 'body' ? [] : field.split('.')
    if (code === 'REQUIRED') return !hasMembers(memberAt(sent, path.slice(0, -1)))
    return memberAt(sent, path) === undefined
  })

t.test('each field of each body', async (t) => {
  let named = 0
  for (const operation of operations) {
    for (const path of [[], ...pathsOf(operation.body)]) {
      for (const wrong of WRONG) {
        const sent = bodyOf(path, wrong)
        const errors = await errorsOf(operation, sent)
        named += errors.length
        const what = `${operation.method} ${operation.url} ${JSON.stringify(sent).slice(0, 80)}`
        for (const error of misnamed(errors, sent)) t.fail(`${what}: ${JSON.stringify(error)}`)
      }
    }
  }
  t.ok(named > 1_000, `${named} were named`)
})

t.test('each parameter of each query', async (t) => {
  let named = 0
  for (const operation of operations) {
    for (const name of [...operation.query, 'not_known', 'notKnown']) {
      for (const value of ['', '%00', '-1', 'x'.repeat(1_000), `1&${name}=2`]) {
        const url = `${operation.url}?${name}=${value}`
        const errors = await errorsOf({ ...operation, url })
        named += errors.length
        for (const error of errors) {
          if (error.field === name || error.code === 'REQUIRED') continue
          t.fail(`${operation.method} ${url.slice(0, 200)}: ${JSON.stringify(error)}`)
        }
      }
    }
  }
  t.ok(named > 300, `${named} were named`)
})

const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)

const search = operations.find(({ url, method }) => url === SEARCH && method === 'POST')

t.test('a search names its members in the style that each was written in', async (t) => {
  const paths = pathsOf(search?.body ?? {})
  t.ok(paths.some((path) => path.join('.') === 'criteria.ageRange.min'))
  const member = fc
    .tuple(fc.constantFrom(...paths), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([path, snake]) => path.map((name, at) => (snake[at] === true ? snakeCase(name) : name)))
  await fc.assert(
    fc.asyncProperty(member, fc.constantFrom(...WRONG), async (path, wrong) => {
      const sent = bodyOf(path, wrong)
      t.strictSame(misnamed(await errorsOf({ method: 'POST', url: SEARCH }, sent), sent), [])
    }),
    { seed: 20261130, numRuns: 300 },
  )
  const fieldsOf = async (criteria: Json) =>
    (await errorsOf({ method: 'POST', url: SEARCH }, { criteria })).map(({ field }) => field)
  t.strictSame(await fieldsOf({ age_range: { min: 9, max: 3 } }), ['criteria.age_range.min'])
  t.strictSame(await fieldsOf({ price_range: { min: -1 } }), ['criteria.price_range.min'])
  t.strictSame(await fieldsOf({ shelter_id: 'x', shelterId: 'y' }), ['criteria.shelterId'])
})

t.test('header fields that are refused are named', async (t) => {
  const pet = (await rig.admit()).url
  await rig.settled()
  const refused = async (method: 'GET' | 'PATCH' | 'POST', url: string, field: string) => {
    const headers = { ...admin, [field]: 'no such thing' }
    const payload = method === 'GET' ? {} : { payload: method === 'POST' ? LUNA : {} }
    const answer = await app.inject({ method, url, headers, ...payload })
    t.equal(answer.statusCode, 400)
    return answer.json<{ errors?: FieldError[] }>().errors?.map((each) => each.field)
  }
  t.strictSame(await refused('PATCH', pet, 'If-Match'), ['If-Match'])
  t.strictSame(await refused('GET', pet, 'If-None-Match'), ['If-None-Match'])
  t.strictSame(await refused('GET', '/pets', 'If-None-Match'), ['If-None-Match'])
  t.strictSame(await refused('POST', '/v1/pets', 'Idempotency-Key'), ['Idempotency-Key'])
})

t.test('what only the domain refuses has the name that it has in the request', async (t) => {
  const date = '9999-12-31'
  const pet = (await rig.admit()).url
  const refused = async (url: string, payload: Json) =>
    (await errorsOf({ method: 'POST', url }, payload)).map(({ field, code }) => `${field} ${code}`)
  const admitting = { ...LUNA, intakeDate: date }
  t.strictSame(await refused('/v1/pets', admitting), ['intakeDate date_in_future'])
  const both = { ...LUNA, intake: { date } }
  t.strictSame(await refused('/v1/pets', both), ['intake.date date_in_future'])
  t.strictSame(await refused(`${pet}/outcome`, { kind: 'OTHER', date }), ['date date_in_future'])
  const context = {
    ...{ tenantId: 'shared' as never, actor: { kind: 'system', id: 'system' } as const },
    correlationId: 'c',
  }
  const adoption = { cause: null, adopterId: null, date: '2026-01-01', reason: null }
  await rig.application.pets.adopt(context, pet.split('/').at(-1) ?? '', adoption)
  t.strictSame(await refused(`${pet}/return`, { date }), ['date date_in_future'])
  const full = (await rig.admit()).url
  for (let number = 0; number < MAX_PHOTOS; number += 1) {
    t.strictSame(await refused(`${full}/images`, { url: `https://x.example/${number}` }), [])
  }
  const url = 'https://x.example/more'
  t.strictSame(await refused(`${full}/images`, { url }), ['url photo_limit_reached'])
})
