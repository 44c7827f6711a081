// Every route of the server as tenant A would ask it for what is tenant B's. A new route without a line here fails the
// first test of tenant-walls.test.ts.
import { tenantIdSchema } from '../../../src/core/ids.ts'

export type Belongings = Readonly<{
  pet: string
  shelter: string
  user: string
  order: string
  receipt: string
  adoption: string
  webhook: string
  spare: string // a pet that could be had
  none: string
  photo: string
}>

export const MARK = 'Secretive' // in everything of tenant B, and in nothing else
export const A = tenantIdSchema.parse('01990000-0000-7000-8000-00000000000a')
export const B = tenantIdSchema.parse('01990000-0000-7000-8000-00000000000b')

type Target = 'pet' | 'shelter' | 'user' | 'order' | 'receipt' | 'adoption' | 'webhook' | 'none'
export type Line = Readonly<{
  method: Method
  path: string
  about: Target
  body?: object
  names?: (theirs: Belongings) => object // members of the body that name something of the other tenant
}>
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'QUERY'

export const pet = { name: 'Rex', species: 'DOG', ageMonths: 3, price: '10.00', currency: 'USD' }
export const user = { username: 'intruder', email: 'i@example.org', firstName: 'I', lastName: 'N' }
export const paymentBy = (name: string) => ({
  amount: '10.00',
  currency: 'USD',
  source: { object: 'card', name, number: '4242424242424242', expMonth: 12, expYear: 2030 },
})
// By number: the other tenant's pet 1 and shelter 1 are this one's too.
const classicPet = {
  ...{ name: 'Rex', species: 'dog', breed: null, age_months: 3, gender: null, size: null },
  ...{ temperament: null, description: null, shelter_id: 1, status: 'available' },
  medical: { spayed_neutered: null, vaccinations: [] },
}
const classicShelter = {
  ...{ name: 'New', address: null, phone: null, email: null, hours: null },
  adoption_fee_range: null,
}
const classicLines = (base: string, aPet: Target, aShelter: Target): readonly Line[] => [
  { method: 'GET', path: `${base}/pets`, about: 'none' },
  { method: 'GET', path: `${base}/pets?breed=${MARK}%20breed&shelter_id=1`, about: 'none' },
  { method: 'POST', path: `${base}/pets`, about: 'none', body: classicPet },
  { method: 'GET', path: `${base}/pets/:id`, about: aPet },
  { method: 'PUT', path: `${base}/pets/:id`, about: aPet, body: classicPet },
  { method: 'PATCH', path: `${base}/pets/:id`, about: aPet, body: { name: 'Mine now' } },
  { method: 'DELETE', path: `${base}/pets/:id`, about: aPet },
  { method: 'GET', path: `${base}/shelters`, about: 'none' },
  { method: 'POST', path: `${base}/shelters`, about: 'none', body: classicShelter },
  { method: 'GET', path: `${base}/shelters/:id`, about: aShelter },
  { method: 'PUT', path: `${base}/shelters/:id`, about: aShelter, body: classicShelter },
  { method: 'PATCH', path: `${base}/shelters/:id`, about: aShelter, body: { name: 'Mine now' } },
  { method: 'DELETE', path: `${base}/shelters/:id`, about: aShelter },
]
const webhook = { url: 'https://hooks.example.com/', events: ['pet.*'] }
export const LINES: readonly Line[] = [
  { method: 'GET', path: '/v1/pets', about: 'none' },
  {
    method: 'GET',
    path: `/v1/pets?q=${MARK}&facets=breed,shelterId&include=shelter`,
    about: 'none',
  },
  { method: 'QUERY', path: '/v1/pets', about: 'none', body: {} },
  { method: 'POST', path: '/v1/pets', about: 'none', body: pet },
  { method: 'QUERY', path: '/v1/pets/search', about: 'none', body: {} },
  { method: 'POST', path: '/v1/pets/search', about: 'none', body: {} },
  { method: 'GET', path: '/v1/pets/:id', about: 'pet' },
  { method: 'PUT', path: '/v1/pets/:id', about: 'pet', body: pet },
  { method: 'PATCH', path: '/v1/pets/:id', about: 'pet', body: { name: 'Mine now' } },
  { method: 'DELETE', path: '/v1/pets/:id', about: 'pet' },
  {
    method: 'POST',
    path: '/v1/pets/:id/outcome',
    about: 'pet',
    body: { kind: 'OTHER', date: '2026-01-02' },
  },
  { method: 'POST', path: '/v1/pets/:id/return', about: 'pet', body: {} },
  { method: 'GET', path: '/v1/pets/:id/history', about: 'pet' },
  {
    method: 'POST',
    path: '/v1/pets/:id/images',
    about: 'pet',
    body: { url: 'https://example.org/a.jpg' },
  },
  { method: 'GET', path: '/v1/pets/:id/images/:name', about: 'pet' },
  { method: 'GET', path: '/v1/inventories', about: 'none' },
  { method: 'GET', path: '/v1/inventory', about: 'none' },
  { method: 'GET', path: '/v1/shelters', about: 'none' },
  { method: 'POST', path: '/v1/shelters', about: 'none', body: { name: 'New' } },
  { method: 'GET', path: '/v1/shelters/:id', about: 'shelter' },
  { method: 'PUT', path: '/v1/shelters/:id', about: 'shelter', body: { name: 'Mine now' } },
  { method: 'PATCH', path: '/v1/shelters/:id', about: 'shelter', body: { name: 'Mine now' } },
  { method: 'DELETE', path: '/v1/shelters/:id', about: 'shelter' },
  {
    method: 'POST',
    path: '/v1/users',
    about: 'none',
    body: { ...user, password: 'a long password' },
  },
  { method: 'GET', path: '/v1/users/:id', about: 'user' },
  { method: 'PUT', path: '/v1/users/:id', about: 'user', body: { firstName: 'Mine' } },
  { method: 'PATCH', path: '/v1/users/:id', about: 'user', body: { firstName: 'Mine' } },
  { method: 'DELETE', path: '/v1/users/:id', about: 'user' },
  {
    method: 'POST',
    path: '/v1/auth/tokens',
    about: 'none',
    body: { username: `${MARK}-user`, password: 'the right password' },
  },
  {
    method: 'POST',
    path: '/v1/auth/tokens/refresh',
    about: 'none',
    body: { refreshToken: 'unknown' },
  },
  {
    method: 'POST',
    path: '/v1/auth/tokens/revoke',
    about: 'none',
    body: { refreshToken: 'unknown' },
  },
  { method: 'GET', path: '/v1/orders?include=payments', about: 'none' },
  {
    method: 'POST',
    path: '/v1/orders',
    about: 'none',
    body: {},
    names: ({ spare, user }) => ({ petId: spare, userId: user }),
  },
  { method: 'GET', path: '/v1/orders/:id', about: 'order' },
  { method: 'GET', path: '/v1/orders/:id?include=payments', about: 'order' },
  { method: 'DELETE', path: '/v1/orders/:id', about: 'order' },
  { method: 'POST', path: '/v1/orders/:id/approve', about: 'order', body: {} },
  { method: 'POST', path: '/v1/orders/:id/ship', about: 'order', body: {} },
  { method: 'POST', path: '/v1/orders/:id/deliver', about: 'order', body: {} },
  {
    method: 'POST',
    path: '/v1/orders/:id/payment',
    about: 'order',
    body: paymentBy('Intruder'),
  },
  {
    method: 'POST',
    path: '/v1/orders/:id',
    about: 'order',
    body: {
      ...{ amount: '10.00', currency: 'USD', timestamp: '1' },
      callbackUrl: 'https://hooks.example.com/',
    },
  },
  { method: 'GET', path: '/v1/receipts/:id', about: 'receipt' },
  { method: 'GET', path: '/v1/adoptions', about: 'none' },
  {
    method: 'POST',
    path: '/v1/adoptions',
    about: 'none',
    body: {},
    names: ({ spare, user }) => ({ petId: spare, applicantId: user }),
  },
  { method: 'GET', path: '/v1/adoptions/:id', about: 'adoption' },
  {
    method: 'PATCH',
    path: '/v1/adoptions/:id',
    about: 'adoption',
    body: { status: 'UNDER_REVIEW' },
  },
  { method: 'POST', path: '/v1/adoptions/:id/review', about: 'adoption', body: {} },
  { method: 'POST', path: '/v1/adoptions/:id/approve', about: 'adoption', body: {} },
  { method: 'POST', path: '/v1/adoptions/:id/reject', about: 'adoption', body: {} },
  { method: 'POST', path: '/v1/adoptions/:id/withdraw', about: 'adoption', body: {} },
  { method: 'POST', path: '/v1/adoptions/:id/complete', about: 'adoption', body: {} },
  { method: 'GET', path: '/v1/events?limit=500', about: 'none' },
  { method: 'POST', path: '/v1/events/tickets', about: 'none', body: { after: 'earliest' } },
  { method: 'GET', path: '/v1/webhooks', about: 'none' },
  { method: 'POST', path: '/v1/webhooks', about: 'none', body: webhook },
  { method: 'GET', path: '/v1/webhooks/:id', about: 'webhook' },
  { method: 'PUT', path: '/v1/webhooks/:id', about: 'webhook', body: webhook },
  { method: 'PATCH', path: '/v1/webhooks/:id', about: 'webhook', body: { description: 'Mine' } },
  { method: 'DELETE', path: '/v1/webhooks/:id', about: 'webhook' },
  { method: 'GET', path: '/v1/webhooks/:id/deliveries', about: 'webhook' },
  { method: 'POST', path: '/v1/webhooks/:id/test', about: 'webhook' },
  {
    method: 'POST',
    path: '/v1/webhooks/:id/replay',
    about: 'webhook',
    body: { after: 'earliest' },
  },
  { method: 'POST', path: '/v1/webhooks/:id/rotate-secret', about: 'webhook', body: {} },
  { method: 'POST', path: '/v1/webhooks/:id/pause', about: 'webhook', body: {} },
  { method: 'POST', path: '/v1/webhooks/:id/resume', about: 'webhook', body: {} },
  ...classicLines('', 'pet', 'shelter'),
  ...classicLines('/classic', 'none', 'none'), // the same handlers under another name
]
/** Nothing of a tenant is behind these; the stream is a face of the feed that has a suite of its own. */
export const WITHOUT_TENANT = [
  '/',
  ...['/v1/openapi.json', '/v1/openapi.yaml', '/v1/openapi-3.1.json', '/v1/openapi-3.1.yaml'],
  ...['/classic/openapi.json', '/v1/swagger-ui.html', '/v1/swagger-ui/start.js'],
  ...['/v1/swagger-ui/swagger-ui.css', '/v1/swagger-ui/swagger-ui-bundle.js'],
  ...['/v1/swagger-ui/swagger-ui-standalone-preset.js', '/v1/swagger-ui/favicon-32x32.png'],
  ...['/v1/event-types', '/v1/event-types/:type', '/schemas/:type/:version'],
  ...['/v1/asyncapi.json', '/v1/asyncapi.yaml', '/v1/asyncapi-ui.html'],
  '/livez',
  '/readyz',
  '/metrics',
  '/.well-known/jwks.json',
  '/v1/events/stream',
  // The keys of an endpoint are public, and its tenant is in the path: test/transports/http/webhooks/routes.test.ts.
  '/.well-known/webhooks/:tenantId/:id/jwks.json',
  // Here a tenant is named by a parameter, and a client by itself: test/transports/http/oauth/walls.test.ts.
  '/.well-known/oauth-authorization-server',
  '/oauth/authorize',
  '/oauth/token',
  '/oauth/device',
  '/oauth/device_authorization',
  '/oauth/revoke',
]
