// Everything that is refused is refused as a problem of RFC 9457, and shows nothing of the inside.
// Every way to be told no, and the one body in which it is said. What the store and the database do on a bad day is in
// faults.test.ts.
import net from 'node:net'
import t from 'tap'
import { httpApp, LUNA } from './http-app.ts'

const { app, as } = await httpApp(t)

type Body = {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  errors?: { field?: string; message: string; code?: string }[]
}

const MISSING = '0199f3a0-7c1e-7a01-8000-0000000000ff'
const staff = as('staff')
const json = { 'content-type': 'application/json' }

const cases: readonly (readonly [title: string, request: object, status: number, type: string])[] =
  [
    ['an unknown query parameter', { url: '/v1/pets?specis=DOG' }, 400, 'bad-request'],
    ['a path that is no UUID', { url: '/v1/pets/17' }, 400, 'bad-request'],
    ['a path that cannot be decoded', { url: '/v1/pets/%E0%A4%A' }, 400, 'bad-request'],
    [
      'a body that is not JSON',
      { method: 'POST', url: '/v1/pets', headers: { ...staff, ...json }, payload: '{"name":' },
      400,
      'bad-request',
    ],
    ['no body', { method: 'POST', url: '/v1/pets', headers: staff }, 400, 'bad-request'],
    ['a QUERY without a body', { method: 'QUERY', url: '/v1/pets' }, 400, 'bad-request'],
    [
      'a write without a token',
      { method: 'POST', url: '/v1/pets', payload: LUNA },
      401,
      'unauthorized',
    ],
    [
      'a token without the scope',
      { method: 'POST', url: '/v1/pets', headers: as('reader'), payload: LUNA },
      403,
      'forbidden',
    ],
    ['an unknown path', { url: '/v1/dragons' }, 404, 'not-found'],
    ['a pet that is not there', { url: `/v1/pets/${MISSING}` }, 404, 'not-found'],
    [
      'a method that a path does not have',
      { method: 'DELETE', url: '/v1/pets' },
      405,
      'method-not-allowed',
    ],
    [
      'an answer in a type that is not there',
      { url: '/v1/pets', headers: { accept: 'text/html' } },
      406,
      'not-acceptable',
    ],
    [
      'an If-Match that is no list of tags',
      { method: 'DELETE', url: `/v1/pets/${MISSING}`, headers: { ...staff, 'if-match': 'v1' } },
      400,
      'bad-request',
    ],
    [
      'a body that is too large',
      {
        method: 'POST',
        url: '/v1/pets',
        headers: { ...staff, ...json },
        payload: `"${'x'.repeat(1_100_000)}"`,
      },
      413,
      'content-too-large',
    ],
    [
      'a part of the path that is too long',
      { url: `/v1/pets/${'x'.repeat(300)}` },
      414,
      'uri-too-long',
    ],
    [
      'a body of another type',
      {
        method: 'POST',
        url: '/v1/pets',
        headers: { ...staff, 'content-type': 'text/plain' },
        payload: 'x',
      },
      415,
      'unsupported-media-type',
    ],
    [
      'a body that breaks its schema',
      { method: 'POST', url: '/v1/pets', headers: staff, payload: { name: 'Luna' } },
      422,
      'validation-error',
    ],
    [
      'a search that breaks its schema',
      { method: 'QUERY', url: '/v1/pets', payload: { criteria: { species: ['DRAGON'] } } },
      422,
      'validation-error',
    ],
  ]

for (const [title, request, status, type] of cases) {
  t.test(`${title} is a ${status} in the problem format`, async (t) => {
    const response = await app.inject(request)
    const body = response.json<Body>()
    t.equal(response.statusCode, status)
    t.match(response.headers['content-type'], /^application\/problem\+json/)
    t.equal(response.headers['cache-control'], 'no-store')
    t.match(body, { type: `https://petstoreapi.com/errors/${type}`, status, instance: /^\/v1/ })
    t.same(
      Object.keys(body).filter(
        (name) => !['type', 'title', 'status', 'detail', 'instance', 'errors'].includes(name),
      ),
      [],
    )
  })
}

t.test(
  'every field that breaks its rule is named with the documented code and message',
  async (t) => {
    const payload = {
      species: 'dragon',
      name: 'x'.repeat(51),
      ageMonths: -1,
      currency: 'usd',
      gender: 7,
      photos: ['file:///etc/passwd'],
      medicalInfo: { colour: 1 },
      surprise: true,
      breed: 'a\u0000b',
    }
    const { errors = [] } = (
      await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
    ).json<Body>()
    t.same(Object.fromEntries(errors.map(({ field, code }) => [field, code])), {
      species: 'INVALID_ENUM_VALUE',
      name: 'TOO_LONG',
      ageMonths: 'INVALID_FORMAT',
      currency: 'INVALID_FORMAT',
      gender: 'INVALID_ENUM_VALUE',
      'photos.0': 'INVALID_FORMAT',
      'medicalInfo.colour': 'UNKNOWN_FIELD',
      surprise: 'UNKNOWN_FIELD',
      breed: 'INVALID_FORMAT',
      price: 'REQUIRED',
    })
    const species = errors.find(({ field }) => field === 'species')
    t.equal(species?.message, 'Must be one of: DOG, CAT, RABBIT, BIRD, REPTILE, OTHER')
  },
)

t.test('a body that breaks two rules is answered word for word as documented', async (t) => {
  const payload = { ...LUNA, ageMonths: -3, species: 'DRAGON' }
  const response = await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
  t.strictSame(response.json(), {
    type: 'https://petstoreapi.com/errors/validation-error',
    title: 'Validation Error',
    status: 422,
    detail: 'The request body contains validation errors',
    instance: '/v1/pets',
    errors: [
      { field: 'ageMonths', message: 'Must be a positive number', code: 'INVALID_FORMAT' },
      {
        field: 'species',
        message: 'Must be one of: DOG, CAT, RABBIT, BIRD, REPTILE, OTHER',
        code: 'INVALID_ENUM_VALUE',
      },
    ],
  })
})

t.test('a limit is said in the number that it has', async (t) => {
  const messageFor = async (changes: object) => {
    const payload = { ...LUNA, ...changes }
    const answer = await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
    return answer.json<Body>().errors?.map(({ message }) => message)
  }
  t.strictSame(await messageFor({ name: '' }), ['Must have at least 1 character'])
  t.strictSame(await messageFor({ name: 'x'.repeat(51) }), ['Must have at most 50 characters'])
  const account = { username: 'ada', email: 'ada@example.org', firstName: 'A', lastName: 'B' }
  const payload = { ...account, password: 'short' }
  const refused = await app.inject({ method: 'POST', url: '/v1/users', payload })
  const [error] = refused.json<Body>().errors ?? []
  t.match(error, { field: 'password', message: 'Must have at least 8 characters' })
})

t.test('a body with very many unknown members is answered with a bounded list', async (t) => {
  const unknown = Array.from({ length: 50_000 }, (_, number) => [`x${number}`, 1])
  const payload = { ...LUNA, ...Object.fromEntries(unknown) }
  const response = await app.inject({ method: 'POST', url: '/v1/pets', headers: staff, payload })
  t.equal(response.statusCode, 422)
  t.equal(response.json<Body>().errors?.length, 100)
})

t.test('who accepts application/json only gets its problems as that', async (t) => {
  const response = await app.inject({
    url: '/v1/pets?page=0',
    headers: { accept: 'application/json' },
  })
  t.match(response.headers['content-type'], /^application\/json/)
})

const rawRequest = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let received = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (received += chunk.toString()))
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })

t.test(
  'bytes that are not HTTP, and headers that are too large, are answered with a problem too',
  async (t) => {
    await app.listen({ port: 0, host: '127.0.0.1' })
    const address = app.server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const broken = await rawRequest(port, 'THIS IS NOT HTTP\r\n\r\n')
    t.match(broken, /^HTTP\/1\.1 400 Bad Request\r\n/)
    t.match(broken, /application\/problem\+json[^]*errors\/bad-request/)
    const large = await rawRequest(
      port,
      `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
    )
    t.match(large, /^HTTP\/1\.1 431 [^]*errors\/header-fields-too-large/)
  },
)
