// Some 1,500 seeded requests that nobody in his senses would send, over every route: the answer is always one of the
// documented statuses, and whatever is refused is refused in the problem format. Never a fault of ours.
import fc from 'fast-check'
import t from 'tap'
import { PROBLEMS } from '../../../src/transports/http/problem.ts'
import { httpApp, type Headers } from './http-app.ts'

t.setTimeout(60_000)

const rig = await httpApp(t)
const { app } = rig
const pet = (await rig.admit({ medicalInfo: { vaccinated: true } })).url
const doomed = (await rig.admit()).url
const staff = {
  ...(await rig.bearer({ scopes: ['read:pets', 'write:pets', 'read:audit', 'read:events'] })),
}

const PATHS = [
  ...['/v1/pets', '/v1/pets/search', '/v1/inventories', '/v1/inventory', '/v1/shelters'],
  ...[pet, `${pet}/outcome`, `${pet}/return`, `${pet}/history`, `${pet}/images`],
  ...[`${pet}/images/${'a'.repeat(64)}.png`, '/v1/shelters/0199f3a0-7c1e-7a01-8000-0000000000ff'],
  ...['/v1/users', '/v1/users/x', '/v1/auth/tokens', '/v1/auth/tokens/refresh'],
  ...['/v1/auth/tokens/revoke', '/v1/events', '/v1/events/stream'],
]
const ODD_PATHS = [
  ...['/v1', '/v1/', '//', '/v1//pets', '/v1/pets/', '/V1/PETS', '/v1/pets/..%2f..%2fetc%2fpasswd'],
  ...['/v1/pets/%00', '/v1/pets/%ff', '/v1/pets/%', `/v1/pets/${'9'.repeat(500)}`, '/v1/pets;a=b'],
  ...['/v1/pets?', '/v1/pets?&&&=', '/v1/pets?%ff=%ff', '/v1/pets?q[]=1', '/v1/pets?q=%ed%a0%80'],
  ...['/v1/pets?intakeFrom=0000-01-01', '/v1/pets?cursor=AAAA.BBBB', '/v1/users/%00'],
  ...[
    '/v1/pets?page=1000000&limit=100',
    '/v1/pets?q=%22%27%5C%26%7C!():*',
    '/v1/pets?breed=%25_%5C',
  ],
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'OPTIONS', 'TRACE']

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
/** JSON text, because not all of it is a value of ours: numbers beyond all bounds, halves of characters. */
const oddValue = fc.oneof(
  fc.constantFrom(
    ...['null', 'true', '-1', '0', '1.5', '1e400', '-1e400', '1e-400', `1${'0'.repeat(400)}`],
    ...['""', '" "', '"\\u0000"', '"\\ud800"', '"a\\udfff b"', '"\\u202e"', '"é́"', '[]', '{}'],
    ...['[[]]', '{"a":1}', '"0000-01-01"', '"2026-02-30"', '"9999-12-31"', '"__proto__"'],
    ...['"https://x.example/\\ud800"', '"https://x.example/\\u0000"', '"javascript:alert(1)"'],
    ...['{"__proto__":1}', '{"constructor":{"prototype":{}}}', '"DOG"', '12', '"75.00"', '"-5"'],
    ...[nested(2_000), JSON.stringify('x'.repeat(20_000)), JSON.stringify('😀'.repeat(3_000))],
    ...['"0199f3a0-7c1e-7a01-8000-0000000000ff"', '"a@b.example"', '"AVAILABLE"', '"2026-08-22"'],
  ),
  fc.json({ maxDepth: 3 }),
)
const MEMBERS = [
  ...['name', 'species', 'breed', 'ageMonths', 'size', 'color', 'gender', 'price', 'adoptionFee'],
  ...['currency', 'description', 'temperament', 'medicalInfo', 'vaccinations', 'microchipId'],
  ...['shelterId', 'intakeDate', 'photos', 'status', 'reason', 'intake', 'id', 'links', 'serial'],
  ...['kind', 'date', 'destination', 'source', 'condition', 'url', 'additionalMetadata', 'email'],
  ...['address', 'phone', 'hours', 'adoptionFeeRange', 'username', 'password', 'firstName'],
  ...['lastName', 'preferences', 'refreshToken', 'criteria', 'sort', 'pagination', 'unknown'],
]
const member = fc.constantFrom(...MEMBERS)
/** Bodies that are right but for a member or two come further than those that are wrong all over. */
const rightBody = (path: string): Readonly<Record<string, string>> => {
  if (path.endsWith('/outcome')) return { kind: '"OTHER"' }
  if (path.endsWith('/return')) return { status: '"AVAILABLE"' }
  if (path.endsWith('/images')) return { url: '"https://x.example/a.jpg"' }
  if (path.startsWith('/v1/auth')) return { username: '"ada-l"', password: '"a long password"' }
  if (path.startsWith('/v1/users')) {
    const names = { username: '"ada-l"', firstName: '"A"', lastName: '"L"' }
    return { ...names, email: '"a@b.example"', password: '"a long password"' }
  }
  return { name: '"Luna"', ...(path.startsWith('/v1/pets') ? LUNA_REST : {}) }
}
const LUNA_REST = { species: '"CAT"', ageMonths: '18', price: '"75.00"' }

const bodyFor = (path: string) =>
  fc
    .array(fc.tuple(member, oddValue), { maxLength: 2 })
    .map((odd) => Object.entries({ ...rightBody(path), ...Object.fromEntries(odd) }))
    .map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`)

const file =
  '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\u00ff\u00d8\u00ff\r\n'
const note = '--b\r\nContent-Disposition: form-data; name="additionalMetadata"\r\n\r\n\u0000\r\n'
const payloadFor = (path: string) =>
  fc.oneof(
    { weight: 8, arbitrary: bodyFor(path) },
    { weight: 1, arbitrary: oddValue },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...['', '{', '{"a":1}}', '\u0000', nested(100_000), `{"id":${nested(100_000)}}`],
        ...['--b\r\n\r\n--b--', '--b--', file, `${file}--b--\r\n`, `${note}${file}--b--\r\n`],
      ),
    },
  )
const mediaType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['application/merge-patch+json', 'text/plain', 'application/xml', 'x', ';;', ''],
      ...['multipart/form-data', 'multipart/form-data; boundary=b', 'application/json; charset=x'],
    ),
  },
)
const HEADERS: readonly (readonly [string, string])[] = [
  ...([
    ['if-match', 'x'],
    ['if-match', '"v1"'],
    ['if-match', '"v9"'],
    ['if-match', '*'],
  ] as const),
  ...([
    ['idempotency-key', 'k1'],
    ['idempotency-key', ' '],
    ['idempotency-key', 'k2'],
  ] as const),
  ...([
    ['wait-for-cursor', 'x'],
    ['x-tenant-id', 'x'],
    ['accept', 'x/y'],
    ['accept', '*/*'],
  ] as const),
  ...([
    ['if-none-match', '"'],
    ['if-none-match', '*'],
    ['x-request-id', '\u0007'],
  ] as const),
  ...([
    ['authorization', 'Bearer x'],
    ['last-event-id', 'x'],
    ['accept-encoding', ';;'],
  ] as const),
]
const headers = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Headers>({}) },
  { weight: 1, arbitrary: fc.constant<Headers>({ 'if-match': '"v7", "v8"' }) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom(...HEADERS), { maxLength: 2 })
      .map((list): Headers => Object.fromEntries(list)),
  },
)
const parameter = fc
  .tuple(
    fc.constantFrom(
      'species',
      'q',
      'page',
      'limit',
      'include',
      'ageMin',
      'cursor',
      'tenant',
      'after',
    ),
    fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.integer().map(String)),
  )
  .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)

const path = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_PATHS) },
)
const allowed = new Map<string, readonly string[]>()
for (const url of PATHS) {
  const { headers } = await app.inject({ method: 'OPTIONS', url })
  allowed.set(url, String(headers.allow).split(', '))
}
/** Mostly one that the path has: the others are turned away at the door. */
const methodFor = (path: string) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 6, arbitrary: fc.constantFrom(...(allowed.get(path) ?? METHODS)) },
  )
const parameters = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(parameter, { maxLength: 2 }) },
)
const hostileRequest = path.chain((chosen) =>
  fc.record({
    method: methodFor(chosen),
    path: fc.constant(chosen),
    parameters,
    headers,
    mediaType,
    payload: payloadFor(chosen),
  }),
)
type Hostile = typeof hostileRequest extends fc.Arbitrary<infer Value> ? Value : never
type Answer = Readonly<{ statusCode: number; headers: Record<string, unknown>; body: string }>

const send = ({ method, path, parameters, headers, mediaType, payload }: Hostile) => {
  const place = method === 'DELETE' ? path.replace(pet, doomed) : path // the others go on with theirs
  const url = parameters.length === 0 ? place : `${place}?${parameters.join('&')}`
  const hasBody = !['GET', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE'].includes(method)
  const sent = { ...staff, ...headers, ...(hasBody ? { 'content-type': mediaType } : {}) }
  // The type of the framework does not know QUERY.
  const inject = app.inject.bind(app) as unknown as (request: object) => Promise<Answer>
  return inject({ method, url, headers: sent, ...(hasBody ? { payload } : {}) })
}

const DOCUMENTED = new Set([
  ...[200, 201, 204, 304],
  ...Object.values(PROBLEMS)
    .map(([status]) => status)
    .filter((status) => status < 500),
])

/** An open stream never ends by itself: those that are answered with one are left out. */
const opensStream = ({ method, path }: Hostile): boolean =>
  path === '/v1/events/stream' && ['GET', 'QUERY', 'POST'].includes(method)

const wrongWith = (request: Hostile, answer: Answer): string | undefined => {
  if (!DOCUMENTED.has(answer.statusCode)) return `is a ${answer.statusCode}: ${answer.body}`
  if (answer.statusCode < 400 || request.method === 'HEAD') return undefined
  const said = JSON.parse(answer.body) as Record<string, unknown>
  if (said['status'] !== answer.statusCode) return `is no problem: ${answer.body}`
  const isClassic = !/^\/v1(\/|\?|$)/.test(request.path) // outside /v1: refused in the classic manner
  if (isClassic) return typeof said['message'] === 'string' ? undefined : 'says nothing'
  if (!String(answer.headers['content-type']).startsWith('application/problem+json')) {
    return `has the type ${String(answer.headers['content-type'])}`
  }
  return typeof said['detail'] === 'string' ? undefined : 'says nothing'
}

t.test('no request is answered with a fault, and no refusal without a problem', async (t) => {
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(hostileRequest, async (request) => {
      if (opensStream(request)) return
      const answer = await send(request)
      statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
      const wrong = wrongWith(request, answer)
      if (wrong !== undefined) throw new Error(`${request.method} ${request.path} ${wrong}`)
    }),
    {
      seed: 20_260_822,
      numRuns: 1_500,
      endOnFailure: true,
    },
  )
  t.equal((await rig.get('/v1/pets')).statusCode, 200, 'and the read models follow to the end')
  for (const status of [200, 201, 400, 404, 405, 412, 415, 422]) {
    t.ok((statuses.get(status) ?? 0) > 0, `some are a ${status}`)
  }
})

const text = (place: string, members: string) =>
  members.split(' ').map((name) => [place, name] as const)
const PET_TEXT = 'name breed color description temperament microchipId medicalInfo.healthNotes'
const UNSTORABLE_PLACES = [
  ...text('POST /v1/pets', `${PET_TEXT} photos.0 vaccinations.0 intake.source intake.condition`),
  ...text(`PUT ${pet}`, `${PET_TEXT} photos.0 vaccinations.0 reason`),
  ...text(`PATCH ${pet}`, `${PET_TEXT} photos.0 vaccinations.0 reason`),
  ...text(`POST ${pet}/outcome`, 'destination reason'),
  ...text(`POST ${pet}/return`, 'source condition reason'),
  ...text(`POST ${pet}/images`, 'url additionalMetadata'),
  ...text('POST /v1/shelters', 'name address phone email hours adoptionFeeRange'),
  ...text('POST /v1/users', 'username email firstName lastName phone'),
  ...text('QUERY /v1/pets', 'criteria.breed criteria.color criteria.q'),
]

/** A body with the text in the member, `a.b` and `a.0` being members of members. */
const withText = (right: object, member: string, value: string): object => {
  const [name = '', inner] = member.split('.')
  if (inner === undefined) return { ...right, [name]: value }
  return { ...right, [name]: inner === '0' ? [value] : { [inner]: value } }
}

t.test('who signs in with a name that cannot be stored is nobody', async (t) => {
  const signIn = { method: 'POST', path: '/v1/auth/tokens', parameters: [], headers: {} }
  for (const username of ['\u0000', 'ada\u0000', '\ud800']) {
    const payload = JSON.stringify({ username, password: 'x' })
    t.equal((await send({ ...signIn, mediaType: 'application/json', payload })).statusCode, 401)
  }
})

t.test('text that cannot be stored is refused by the name of its field', async (t) => {
  for (const [place, member] of UNSTORABLE_PLACES) {
    const [method = '', url = ''] = place.split(' ')
    const right = Object.fromEntries(
      Object.entries(rightBody(url)).map(([name, value]) => [name, JSON.parse(value) as unknown]),
    )
    for (const bad of ['\u0000', '\ud800', '\udfff x']) {
      const value = `${/url|photos/.test(member) ? 'https://x.example/' : 'x'}${bad}x`
      const answer = await send({
        ...{ method, path: url, parameters: [], headers: {}, mediaType: 'application/json' },
        payload: JSON.stringify(withText(right, member, value)),
      })
      t.equal(answer.statusCode, 422, `${place} ${member}`)
      const { errors } = JSON.parse(answer.body) as { errors: { field: string }[] }
      t.ok(
        errors.some(({ field }) => field === member),
        `${place} names ${member}`,
      )
    }
  }
})
