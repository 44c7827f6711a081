// The documented examples as people try them: curl, over a socket, against the program as it is started. The words that
// the documents promise are compared letter by letter.
import { execFile } from 'node:child_process'
import net from 'node:net'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { checkedFetch, checkOfProcess } from '../support/processes/checked-fetch.ts'
import {
  dataFolder,
  preparedFolder,
  run,
  runAsShipped,
  startServer,
} from '../support/processes/program.ts'
import { parseAnswer } from '../support/watch-answers.ts'

t.setTimeout(180_000)

const TENANT = '550e8400-e29b-41d4-a716-446655440000'
const OTHER_TENANT = '0199f3a0-7c1e-7a01-8000-00000000000b'
const CURL_SECONDS = '20'

type Answer = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  text: string
  body: Record<string, unknown>
}>

/** The last answer, when the URL names several. It is held against the documents. */
const curl = async (...args: readonly string[]): Promise<Answer> => {
  const options = ['--silent', '--show-error', '--include', '--max-time', CURL_SECONDS]
  const { stdout } = await promisify(execFile)('curl', [...options, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  })
  const response = parseAnswer(stdout.slice(stdout.lastIndexOf('HTTP/1.1 ')))
  if (response === undefined) throw new Error(`no answer: ${stdout.slice(0, 200)}`)
  const { origin, pathname } = new URL((args.at(-1) ?? '').replace(/\?.*/, ''))
  const method = args[args.indexOf('--request') + 1] ?? ''
  const check = await checkOfProcess(origin)
  const asked = { method: args.includes('--request') ? method : 'GET', path: pathname }
  const fault = check({ ...asked, response })
  if (fault !== undefined) throw new Error(fault)
  const { statusCode: status, headers, body: text } = response
  return {
    status,
    headers,
    text,
    body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}

const json = (method: string, payload: object): string[] => [
  ...['--request', method, '--header', 'Content-Type: application/json'],
  ...['--data', JSON.stringify(payload)],
]
const header = (field: string): string[] => ['--header', field]
const dataOf = ({ body }: Answer): readonly { id: string; name: string }[] =>
  body['data'] as { id: string; name: string }[]

const staffToken = async (t: Test, folder: string, tenant: string): Promise<string[]> => {
  const args = ['cli', 'token', '--tenant', tenant, '--scopes', 'read:pets write:pets']
  const program = run(t, args, { DATA_DIR: folder })
  if ((await program.ended) !== 0) throw new Error(program.errors())
  return header(`Authorization: Bearer ${program.output().trim()}`)
}

const BUDDY = {
  species: 'DOG',
  name: 'Buddy',
  breed: 'Golden Retriever',
  ageMonths: 24,
  size: 'LARGE',
  color: 'Golden',
  gender: 'MALE',
  goodWithKids: true,
  price: '150.00',
  currency: 'USD',
  status: 'AVAILABLE',
}
const MIA = { ...BUDDY, species: 'CAT', name: 'Mia', size: 'SMALL', ageMonths: 5 }

const folder = await dataFolder(t)
const server = await startServer(t, { DATA_DIR: folder }, runAsShipped)
const api = `${server.url}/v1`
const staff = await staffToken(t, folder, 'shared')

/** Reads that come after a write see it. */
const after = ({ headers }: Answer): string[] =>
  header(`Wait-For-Cursor: ${headers['event-cursor']}`)

t.test('pets are created with a token, listed, read, filtered and searched', async (t) => {
  const refused = await curl(...json('POST', BUDDY), `${api}/pets`)
  t.equal(refused.status, 401)
  t.match(refused.headers['www-authenticate'], /^Bearer/)
  const buddy = await curl(...staff, ...json('POST', BUDDY), `${api}/pets`)
  t.equal(buddy.status, 201, buddy.text)
  t.match(buddy.body, BUDDY)
  t.equal(buddy.headers['location'], `/v1/pets/${String(buddy.body['id'])}`)
  const mia = await curl(...staff, ...json('POST', MIA), `${api}/pets`)

  const list = await curl(...after(mia), `${api}/pets?status=AVAILABLE`)
  t.equal(list.status, 200)
  t.match(list.body, { pagination: { page: 1, limit: 20, totalItems: 2, totalPages: 1 } })
  const one = await curl(`${api}/pets/${String(buddy.body['id'])}`)
  t.strictSame(one.body, buddy.body)
  const dogs = await curl(`${api}/pets?species=DOG&ageMax=36&goodWithKids=true&page=1&limit=10`)
  t.strictSame(
    dataOf(dogs).map(({ name }) => name),
    ['Buddy'],
  )
  const criteria = {
    species: ['CAT'],
    ageRange: { min: 1, max: 12 },
    compatibility: { goodWithKids: true },
  }
  const question = { criteria, sort: { field: 'ageMonths', order: 'ASC' }, pagination: { page: 1 } }
  for (const place of ['/pets', '/pets/search']) {
    const found = await curl(...json('QUERY', question), api + place)
    t.equal(found.status, 200, found.text)
    t.strictSame(
      dataOf(found).map(({ name }) => name),
      ['Mia'],
    )
  }
  const held = header(`If-None-Match: ${String(one.headers['etag'])}`)
  t.equal((await curl(...held, `${api}/pets/${String(buddy.body['id'])}`)).status, 304)
})

t.test('the classic profile answers at the root, as its documentation has it', async (t) => {
  const tom = {
    ...{ name: 'Tom', species: 'cat', breed: 'Siamese', age_months: 18, gender: 'male' },
    ...{ size: 'small', temperament: 'playful', description: 'Likes windows.', shelter_id: null },
    medical: { spayed_neutered: true, vaccinations: ['fvrcp', 'rabies'] },
    ...{ status: 'available', intake_date: '2025-09-01' },
  }
  t.equal((await curl(...json('POST', tom), `${server.url}/pets`)).status, 401)
  const made = await curl(...staff, ...json('POST', tom), `${server.url}/pets`)
  t.equal(made.status, 201, made.text)
  const id = Number(made.body['id'])
  const cats = await curl(`${server.url}/pets?species=cat&status=available&breed=siamese`)
  t.strictSame(JSON.parse(cats.text), [{ ...tom, id }])
  t.equal(cats.headers['x-total-count'], '1')
  const bad = await curl(`${server.url}/pets?shelter_id=one`)
  t.match(bad.body, { error: 'Bad Request', message: 'Invalid query parameter format' })
  const nowhere = await curl(`${server.url}/cats`)
  t.match(nowhere.body, {
    error: 'Not Found',
    message: 'The requested endpoint does not exist.',
    status: 404,
  })
  const gone = await curl(...staff, '--request', 'DELETE', `${server.url}/pets/${id}`)
  t.strictSame([gone.status, gone.body], [200, { ...tom, id }])
})

t.test('a user registers, gets a token by name and password, and reads its own page', async (t) => {
  const user = { username: 'ada_lovelace', email: 'user@example.com', firstName: 'Ada' }
  const secret = { password: 'a long enough password' }
  const registered = await curl(
    ...json('POST', { ...user, lastName: 'Lovelace', ...secret }),
    `${api}/users`,
  )
  t.equal(registered.status, 201, registered.text)
  t.notMatch(registered.text, /password/)
  const signIn = json('POST', { username: user.username, ...secret })
  const answer = await curl(...signIn, `${api}/auth/tokens`)
  t.equal(answer.status, 200, answer.text)
  t.strictSame(Object.keys(answer.body).sort(), [
    ...['accessToken', 'expiresAt', 'expiresIn', 'refreshToken', 'token', 'tokenType', 'user'],
  ])
  const id = String(registered.body['id'])
  t.match(answer.body, {
    tokenType: 'Bearer',
    expiresIn: 3600,
    user: { id, username: user.username, email: user.email },
  })
  const bearer = header(`Authorization: Bearer ${String(answer.body['accessToken'])}`)
  t.match((await curl(...bearer, `${api}/users/${id}`)).body, { ...user, lastName: 'Lovelace' })
  t.equal((await curl(...bearer, ...json('POST', BUDDY), `${api}/pets`)).status, 403)
  const wrong = json('POST', { username: user.username, password: 'not this one' })
  t.equal((await curl(...wrong, `${api}/auth/tokens`)).status, 401)
})

t.test('X-Tenant-ID keeps what is written under it apart', async (t) => {
  const token = await staffToken(t, folder, TENANT)
  const here = header(`X-Tenant-ID: ${TENANT}`)
  const there = header(`X-Tenant-ID: ${OTHER_TENANT}`)
  const made = await curl(...token, ...here, ...json('POST', BUDDY), `${api}/pets`)
  t.equal(made.status, 201, made.text)
  t.equal(made.body['tenantId'], TENANT)
  const url = `${api}/pets/${String(made.body['id'])}`
  t.equal((await curl(...here, ...after(made), url)).status, 200)
  t.equal(dataOf(await curl(...here, `${api}/pets`)).length, 1)
  t.equal((await curl(url)).status, 404, 'not in the shared pool')
  t.equal((await curl(...there, url)).status, 404, 'nor in another tenant')
  t.equal(dataOf(await curl(...there, `${api}/pets`)).length, 0)
  t.equal((await curl(...token, ...there, ...json('POST', BUDDY), `${api}/pets`)).status, 403)
  t.equal((await curl(...header('X-Tenant-ID: my-shelter'), `${api}/pets`)).status, 400)
})

t.test('a body that breaks its rules is answered word for word as documented', async (t) => {
  const wrong = { ...BUDDY, ageMonths: -3, species: 'DRAGON' }
  const answer = await curl(...staff, ...json('POST', wrong), `${api}/pets`)
  t.equal(answer.status, 422)
  t.match(answer.headers['content-type'], /^application\/problem\+json/)
  t.strictSame(answer.body, {
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

const sendRaw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url)
    let received = ''
    const socket = net.connect(Number(port), hostname, () => socket.write(text))
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (chunk) => (received += chunk.toString()))
    socket.on('close', () => resolve(received))
    socket.on('error', reject)
  })

t.test(
  'what is not HTTP, and a header that is too long, are answered with a problem',
  async (t) => {
    for (const broken of [
      'THIS IS NOT HTTP\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\n bad\u0000: x\r\n\r\n',
    ]) {
      t.match(
        await sendRaw(broken),
        /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*bad-request/,
      )
    }
    const long = await curl(...header(`X-Long: ${'x'.repeat(20_000)}`), `${api}/pets`)
    t.equal(long.status, 431)
    t.match(long.headers['content-type'], /^application\/problem\+json/)
    t.match(long.body, {
      type: 'https://petstoreapi.com/errors/header-fields-too-large',
      status: 431,
    })
  },
)

t.test('the request after the hundredth in a minute is refused as documented', async (t) => {
  const { url, child, ended } = await startServer(t, {
    DATA_DIR: await preparedFolder(t),
    RATE_LIMIT_PER_MINUTE: '100',
  })
  const last = await curl(`${url}/v1/pets?page=[1-100]`)
  t.equal(last.status, 200)
  t.match(last.headers, { 'ratelimit-limit': '100', 'ratelimit-remaining': '0' })
  const refused = await curl(`${url}/v1/pets`)
  t.equal(refused.status, 429)
  t.strictSame(refused.body, {
    type: 'https://petstoreapi.com/errors/rate-limit-exceeded',
    title: 'Rate Limit Exceeded',
    status: 429,
    detail: 'You have exceeded the rate limit of 100 requests per minute',
    instance: '/v1/pets',
  })
  t.match(refused.headers, { 'ratelimit-limit': '100', 'ratelimit-remaining': '0' })
  const wait = Number(refused.headers['retry-after'])
  t.ok(wait >= 1 && wait <= 60, `Retry-After is ${wait}`)
  const resetMs = Number(refused.headers['ratelimit-reset']) * 1000
  t.ok(Math.abs(resetMs - Date.now()) <= 61_000, 'RateLimit-Reset is a unix time')
  t.equal((await checkedFetch(`${url}/livez`)).status, 200)
  child.kill('SIGTERM')
  t.equal(await ended, 0)
})
