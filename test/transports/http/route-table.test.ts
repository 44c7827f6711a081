// Every path knows its methods: OPTIONS, HEAD and 405 tell the same story.
// OPTIONS, HEAD and 405: made from the routes that there are, and right for each of them.
import t from 'tap'
import { httpApp } from './http-app.ts'

const { app, as } = await httpApp(t)

const ID = '0199f3a0-7c1e-7a01-8000-0000000000ff'
const NAME = `${'a'.repeat(64)}.png`
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY', 'TRACE'] as const

const PATHS: Readonly<Record<string, string>> = {
  '/v1/pets': 'GET, HEAD, POST, QUERY, OPTIONS',
  '/v1/pets/search': 'POST, QUERY, OPTIONS',
  [`/v1/pets/${ID}`]: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
  [`/v1/pets/${ID}/outcome`]: 'POST, OPTIONS',
  [`/v1/pets/${ID}/return`]: 'POST, OPTIONS',
  [`/v1/pets/${ID}/history`]: 'GET, HEAD, OPTIONS',
  [`/v1/pets/${ID}/images`]: 'POST, OPTIONS',
  [`/v1/pets/${ID}/images/${NAME}`]: 'GET, HEAD, OPTIONS',
  '/v1/inventories': 'GET, HEAD, OPTIONS',
  '/v1/inventory': 'GET, HEAD, OPTIONS',
  '/v1/shelters': 'GET, HEAD, POST, OPTIONS',
  [`/v1/shelters/${ID}`]: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
  '/v1/orders': 'GET, HEAD, POST, OPTIONS',
  [`/v1/orders/${ID}/payment`]: 'POST, OPTIONS',
  [`/v1/receipts/${ID}`]: 'GET, HEAD, OPTIONS',
  '/v1/adoptions': 'GET, HEAD, POST, OPTIONS',
  [`/v1/adoptions/${ID}`]: 'GET, HEAD, PATCH, OPTIONS',
  [`/v1/adoptions/${ID}/complete`]: 'POST, OPTIONS',
  '/livez': 'GET, HEAD, OPTIONS',
  '/readyz': 'GET, HEAD, OPTIONS',
  '/metrics': 'GET, HEAD, OPTIONS',
  '/.well-known/jwks.json': 'GET, HEAD, OPTIONS',
  [`/.well-known/webhooks/shared/${ID}/jwks.json`]: 'GET, HEAD, OPTIONS',
  '/': 'GET, HEAD, OPTIONS',
  '/v1/users': 'POST, OPTIONS',
  '/v1/auth/tokens': 'POST, OPTIONS',
  '/v1/events': 'GET, HEAD, OPTIONS',
  '/v1/events/tickets': 'POST, OPTIONS',
  '/v1/webhooks': 'GET, HEAD, POST, OPTIONS',
  [`/v1/webhooks/${ID}`]: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
  [`/v1/webhooks/${ID}/deliveries`]: 'GET, HEAD, OPTIONS',
  [`/v1/webhooks/${ID}/replay`]: 'POST, OPTIONS',
  '/v1/event-types': 'GET, HEAD, OPTIONS',
  '/v1/event-types/pet.adopted': 'GET, HEAD, OPTIONS',
  '/schemas/pet.adopted/1': 'GET, HEAD, OPTIONS',
  '/v1/asyncapi.json': 'GET, HEAD, OPTIONS',
  '/oauth/token': 'POST, OPTIONS',
  '/oauth/authorize': 'GET, HEAD, POST, OPTIONS',
}

t.test(
  'every path answers OPTIONS with Allow, and every other method with 405 and the same Allow',
  async (t) => {
    for (const [url, allow] of Object.entries(PATHS)) {
      const options = await app.inject({ method: 'OPTIONS', url })
      t.equal(options.statusCode, 204, `OPTIONS ${url}`)
      t.equal(options.headers.allow, allow, url)
      t.equal(options.headers['access-control-allow-methods'], allow)
      for (const method of METHODS) {
        const response = await app.inject({ method, url, headers: as('staff') })
        const isAllowed = allow.split(', ').includes(method)
        t.equal(
          response.statusCode === 405,
          !isAllowed,
          `${method} ${url} is ${response.statusCode}`,
        )
        if (!isAllowed) t.equal(response.headers.allow, allow)
        if (method === 'HEAD') t.equal(response.body, '', `HEAD ${url} has no body`)
      }
    }
  },
)

t.test('HEAD answers as GET does, without the body', async (t) => {
  for (const url of ['/v1/pets', '/v1/inventory', '/v1/shelters', '/livez', `/v1/pets/${ID}`]) {
    const get = await app.inject({ url })
    const head = await app.inject({ method: 'HEAD', url })
    t.equal(head.statusCode, get.statusCode, url)
    t.equal(head.body, '')
    t.equal(head.headers['content-length'], get.headers['content-length'], url)
    t.equal(head.headers.etag, get.headers.etag)
  }
})

t.test(
  'a preflight is answered without a token, for QUERY and for our own headers too',
  async (t) => {
    const { app } = await httpApp(t, { settings: { rateLimitPerMinute: 1 } })
    const headers = {
      origin: 'https://app.example.org',
      'access-control-request-method': 'QUERY',
      'access-control-request-headers': 'authorization, x-tenant-id, wait-for-cursor',
    }
    for (let round = 0; round < 3; round += 1) {
      const response = await app.inject({ method: 'OPTIONS', url: '/v1/pets', headers })
      t.equal(response.statusCode, 204)
      t.match(response.headers['access-control-allow-methods'], /QUERY/)
      t.equal(
        response.headers['access-control-allow-headers'],
        headers['access-control-request-headers'],
      )
      t.equal(response.headers['accept-query'], 'application/json')
    }
    const bare = await app.inject({ method: 'OPTIONS', url: '/v1/events/stream' })
    t.match(bare.headers['access-control-allow-headers'], /\bLast-Event-ID\b/)
    const read = await app.inject({ url: '/v1/pets', headers: { origin: headers.origin } })
    t.equal(read.headers['access-control-allow-origin'], '*')
    for (const name of [
      'ETag',
      'Event-Cursor',
      'Event-Resumed-From',
      'RateLimit-Limit',
      'Retry-After',
      'Location',
      'Link',
    ]) {
      t.match(read.headers['access-control-expose-headers'], name)
    }
  },
)

t.test('a path that can be patched says in which formats', async (t) => {
  const response = await app.inject({ method: 'OPTIONS', url: `/v1/pets/${ID}` })
  t.match(response.headers['accept-patch'], 'application/merge-patch+json')
})
