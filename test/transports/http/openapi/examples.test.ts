// Every example of the published documents is what it says: it fits its schema, and the server takes it.
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import t from 'tap'
import { SCOPES } from '../../../../src/core/auth.ts'
import { tenantIdSchema } from '../../../../src/core/ids.ts'
import { type TestApp, testApp } from '../../../support/app.ts'

type Json = Record<string, unknown>
type Media = Readonly<{ schema: Json; examples?: Readonly<Record<string, { value: unknown }>> }>
type Operation = Readonly<{
  requestBody?: Readonly<{ content: Readonly<Record<string, Media>> }>
}>
type Document = Readonly<{ paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }>
type Example = Readonly<{
  method: string
  path: string
  name: string
  type: string
  schema: Json
  value: unknown
}>

const DOCUMENTS = ['/v1/openapi.json', '/classic/openapi.json']

void t.test('the examples of the published documents', async (t) => {
  const rig = await testApp(t)
  const { app } = rig
  for (const url of DOCUMENTS) {
    const document = (await app.inject(url)).json<Document>()
    const ajv = new Ajv2020({ strict: false })
    formats.default(ajv)
    ajv.addSchema(document, url)
    const examples = examplesOf(document)
    t.ok(examples.length > 3, `${url} has examples`)

    for (const example of examples) {
      const title = `${example.method} ${example.path} with ${example.name} as ${example.type}`
      await t.test(title, async (t) => {
        const text = JSON.stringify(example.schema).replaceAll('"#/', `"${url}#/`)
        const validate = ajv.compile(JSON.parse(text) as Json)
        t.ok(validate(example.value), JSON.stringify(validate.errors))
        const answer = await send(rig, example)
        t.ok(UNDERSTOOD(answer.statusCode), `${answer.statusCode} ${answer.body.slice(0, 200)}`)
      })
    }
  }
})

const examplesOf = ({ paths }: Document): Example[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) =>
      Object.entries(requestBody?.content ?? {}).flatMap(([type, { schema, examples }]) =>
        Object.entries(examples ?? {}).map(([name, { value }]) => {
          return { method: method.toUpperCase(), path, name, type, schema, value }
        }),
      ),
    ),
  )

const UNDERSTOOD = (status: number): boolean =>
  status < 500 && status !== 400 && status !== 415 && status !== 422
const EXAMPLE_PET = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const EXAMPLE_USER = '0199f3a0-7c1e-7a01-8000-0000000000f1'
const LUNA = { name: 'Luna', species: 'CAT', ageMonths: 18, price: '75.00', currency: 'USD' }
const ADA = { username: 'ada.byron', email: 'ada@example.org', firstName: 'Ada', lastName: 'Byron' }
const PASSWORD = 'correct horse battery'

/** To a tenant made for this one request; ids in the example that name nothing are made to name its pet and user. */
const send = async ({ app, ports }: TestApp, example: Example) => {
  const tenantId = tenantIdSchema.parse(ports.ids())
  const bearer = async (subject: string, kind: 'user' | 'client') => {
    const request = { subject, kind, tenants: [tenantId], scopes: SCOPES, lifetimeSeconds: 600 }
    const { token } = await ports.issuer.issue(request)
    return { authorization: `Bearer ${token}`, 'x-tenant-id': tenantId }
  }
  const staff = await bearer('staff', 'client')
  const make = async (url: string, payload: Json): Promise<string> => {
    const answer = await app.inject({ method: 'POST', url, headers: staff, payload })
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return String(answer.json<Json>()['id'])
  }
  const { path } = example
  const petId = await make('/v1/pets', LUNA)
  const isRegistration = path === '/v1/users'
  const userId = isRegistration ? '' : await make('/v1/users', { ...ADA, password: PASSWORD })
  const idOf = async (): Promise<string> => {
    if (path.startsWith('/v1/orders/')) return make('/v1/orders', { petId, userId })
    if (path.startsWith('/v1/adoptions/')) {
      return make('/v1/adoptions', { petId, applicantId: userId })
    }
    if (path.startsWith('/v1/shelters/')) return make('/v1/shelters', { name: 'Harbor' })
    if (path.startsWith('/v1/users/')) return userId
    if (path.startsWith('/v1/webhooks/')) {
      return make('/v1/webhooks', { url: 'https://hooks.example.com/', events: ['pet.*'] })
    }
    return petId
  }
  if (path.includes('shelters/')) await make('/v1/shelters', { name: 'Harbor' })
  const id = path.startsWith('/v1/') ? (path.includes('{') ? await idOf() : '') : '1'
  const isOwn = path.startsWith('/v1/users/') || path === '/v1/orders' || path === '/v1/adoptions'
  const headers = isOwn ? await bearer(userId, 'user') : staff
  return app.inject({
    method: example.method as 'POST',
    url: path.replace(/\{\w+\}/, id),
    headers: { ...headers, 'content-type': example.type },
    payload: JSON.stringify(example.value)
      .replaceAll(EXAMPLE_PET, petId)
      .replaceAll(EXAMPLE_USER, userId),
  })
}
