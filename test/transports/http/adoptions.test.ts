// Applications for adoption over the real application: who may do what, what is refused, waiting lists, and the way to
// a pet that is adopted.
import t from 'tap'
import type { TenantId } from '../../../src/core/ids.ts'
import { until } from '../../projections/support.ts'
import {
  ADA,
  BOB,
  type Json,
  ordersApp,
  refusalOf,
  STAFF_SCOPES,
  UNKNOWN_ID,
} from './orders-app.ts'

const rig = await ordersApp(t, { settings: { hasWaitingList: () => true } })
const { send, admit, staff, ada, bob, tokenOf, becomes } = rig

const apply = (petId: string, as = ada, more: object = {}) =>
  send('POST', '/v1/adoptions', { as, payload: { petId, ...more } })
/** An application of Ada's for a pet of its own. */
const submit = async (as = ada) => {
  const petId = await admit()
  const answer = await apply(petId, as)
  if (answer.statusCode !== 201) throw new Error(answer.body)
  const { id } = answer.json<{ id: string }>()
  return { petId, id, path: `/v1/adoptions/${id}` }
}
const step = (path: string, name: string, payload?: object, as = staff) =>
  send('POST', `${path}/${name}`, { as, ...(payload === undefined ? {} : { payload }) })

t.test('an application is stored as it was made, and its pet is reserved', async (t) => {
  const petId = await admit()
  const household = { homeType: 'FARM', adults: 2, children: 0, otherPets: 'a cat', hasYard: true }
  const answer = await apply(petId, ada, { message: ' We have room. ', household })
  t.equal(answer.statusCode, 201)
  const { id, createdAt, updatedAt, ...rest } = answer.json<Json>()
  t.strictSame(rest, {
    petId,
    applicantId: ADA,
    status: 'SUBMITTED',
    waiting: false,
    message: 'We have room.',
    household,
  })
  t.equal(createdAt, updatedAt)
  t.equal(answer.headers.location, `/v1/adoptions/${String(id)}`)
  const read = await send('GET', String(answer.headers.location))
  t.strictSame(read.json(), answer.json())
  t.equal(read.headers.etag, answer.headers.etag)
  const held = { headers: { 'if-none-match': String(read.headers.etag) } }
  t.equal((await send('GET', String(answer.headers.location), held)).statusCode, 304)
  await rig.settled()
  t.equal(await rig.petStatus(petId), 'PENDING')
})

t.test('what cannot be applied for is refused, and every wrong field is named', async (t) => {
  t.equal((await apply(UNKNOWN_ID)).statusCode, 404)
  const held = await admit({ status: 'NOT_AVAILABLE' })
  t.strictSame(refusalOf(await apply(held)), [409, 'pet_not_available'])
  const { petId } = await submit()
  t.strictSame(refusalOf(await apply(petId)), [409, 'adoption_already_submitted'])
  const household = { adults: -1, children: 'two', homeType: 'TENT', rooms: 3 }
  t.strictSame(refusalOf(await apply('x', ada, { household, colour: 'red' })), [
    422,
    'INVALID_FORMAT petId',
    'INVALID_ENUM_VALUE household.homeType',
    'INVALID_FORMAT household.adults',
    'INVALID_FORMAT household.children',
    'UNKNOWN_FIELD household.rooms',
    'UNKNOWN_FIELD colour',
  ])
  t.equal((await apply(petId, ada, { applicantId: BOB })).statusCode, 403)
  t.strictSame(refusalOf(await apply(petId, staff)), [422, 'REQUIRED applicantId'])
  t.strictSame(refusalOf(await apply(petId, staff, { applicantId: UNKNOWN_ID })), [
    422,
    'unknown_user applicantId',
  ])
})

t.test('a repeat under its Idempotency-Key is the first application again', async (t) => {
  const petId = await admit()
  const call = { payload: { petId }, headers: { 'idempotency-key': 'one-application' } }
  const first = await send('POST', '/v1/adoptions', call)
  const second = await send('POST', '/v1/adoptions', call)
  t.strictSame(second.json(), first.json())
  t.equal(second.headers['idempotent-replayed'], 'true')
})

t.test('from an application to a pet that is adopted', async (t) => {
  const { path, petId } = await submit()
  const wrong = [409, 'invalid_adoption_transition']
  t.strictSame(refusalOf(await step(path, 'complete')), wrong)
  t.match((await step(path, 'review', { reason: 'a call' })).json(), {
    status: 'UNDER_REVIEW',
    reason: 'a call',
  })
  const approved = await step(path, 'approve')
  t.match(approved.json(), { status: 'APPROVED', waiting: false })
  t.equal(approved.headers.etag, '"v3"')
  t.equal((await step(path, 'approve')).headers.etag, '"v3"', 'a repeat records nothing')
  t.strictSame(refusalOf(await step(path, 'complete', { date: '2999-01-01' })), [
    422,
    'date_in_future date',
  ])
  const done = await step(path, 'complete', { date: '2026-09-01' })
  t.match(done.json(), { status: 'COMPLETED', completedOn: '2026-09-01', waiting: false })
  t.strictSame(refusalOf(await step(path, 'reject')), wrong)
  t.strictSame(refusalOf(await step(path, 'withdraw', undefined, ada)), wrong)
  await becomes(`/v1/pets/${petId}`, 'ADOPTED')
})

t.test('a rejected or withdrawn application gives its pet free', async (t) => {
  const rejected = await submit()
  t.match((await step(rejected.path, 'reject', { reason: 'no yard' })).json(), {
    status: 'REJECTED',
    reason: 'no yard',
  })
  await becomes(`/v1/pets/${rejected.petId}`, 'AVAILABLE')
  const withdrawn = await submit()
  t.match((await step(withdrawn.path, 'withdraw', undefined, ada)).json(), { status: 'WITHDRAWN' })
  await becomes(`/v1/pets/${withdrawn.petId}`, 'AVAILABLE')
})

t.test('who comes second waits, and is first when the first one leaves', async (t) => {
  const first = await submit()
  const second = await apply(first.petId, bob)
  t.match(second.json(), { status: 'SUBMITTED', waiting: true })
  const path = String(second.headers.location)
  t.equal((await step(path, 'review')).statusCode, 200, 'review may start')
  t.strictSame(refusalOf(await step(path, 'approve')), [409, 'adoption_is_waiting'])
  const tag = String((await send('GET', path, { as: bob })).headers.etag)
  await step(first.path, 'withdraw', undefined, ada)
  await until('the second waits no more', async () => {
    const read = await send('GET', path, { as: bob })
    return read.json<Json>()['waiting'] === false
  })
  const now = await send('GET', path, { as: bob })
  t.not(now.headers.etag, tag, 'what changed has another tag')
  const approved = await send('POST', `${path}/approve`, {
    as: staff,
    headers: { 'if-match': tag },
  })
  t.match(approved.json(), { status: 'APPROVED' }, 'and yet the version is the same for a write')
})

t.test('PATCH with a status takes the same steps', async (t) => {
  const { path } = await submit()
  const patch = (payload: object, as = staff) => send('PATCH', path, { as, payload })
  t.equal((await patch({ status: 'UNDER_REVIEW' }, ada)).statusCode, 403)
  t.match((await patch({ status: 'UNDER_REVIEW' })).json(), { status: 'UNDER_REVIEW' })
  t.strictSame(refusalOf(await patch({ status: 'SUBMITTED' })), [422, 'INVALID_ENUM_VALUE status'])
  t.strictSame(refusalOf(await patch({ status: 'APPROVED', date: '2026-09-01' })), [
    422,
    'INVALID_VALUE date',
  ])
  t.strictSame(refusalOf(await patch({ status: 'APPROVED', petId: UNKNOWN_ID })), [
    422,
    'UNKNOWN_FIELD petId',
  ])
  const stale = { as: staff, payload: { status: 'APPROVED' }, headers: { 'if-match': '"v1"' } }
  t.equal((await send('PATCH', path, stale)).statusCode, 412)
  t.equal((await patch({ status: 'WITHDRAWN' }, bob)).statusCode, 404)
  t.match((await patch({ status: 'WITHDRAWN', reason: 'moving' }, ada)).json(), {
    status: 'WITHDRAWN',
    reason: 'moving',
  })
})

t.test('everybody but staff sees his own applications only, and decides on none', async (t) => {
  const { path } = await submit()
  t.equal((await send('GET', path, { as: bob })).statusCode, 404)
  t.equal((await send('GET', path, { as: staff })).statusCode, 200)
  t.equal((await step(path, 'withdraw', undefined, bob)).statusCode, 404)
  for (const name of ['review', 'approve', 'reject', 'complete']) {
    t.equal((await step(path, name, undefined, ada)).statusCode, 403, name)
  }
  t.equal((await send('GET', path, { as: {} })).statusCode, 401)
  const reader = await tokenOf(ADA, { scopes: ['read:adoptions'] })
  t.equal((await apply(UNKNOWN_ID, reader)).statusCode, 403)
  t.equal((await step(`/v1/adoptions/${UNKNOWN_ID}`, 'review')).statusCode, 404)
})

t.test('lists: newest first, by filter, page and cursor; applicants have their own', async (t) => {
  const tenant = rig.ports.ids() as TenantId
  const keeper = await tokenOf('desk', { kind: 'client', scopes: STAFF_SCOPES, tenant })
  const [one, two] = [await tokenOf(ADA, { tenant }), await tokenOf(BOB, { tenant })]
  const petId = await admit({}, keeper)
  const first = (await apply(petId, one)).json<{ id: string }>().id
  const waiting = (await apply(petId, two)).json<{ id: string }>().id
  const other = (await apply(await admit({}, keeper), two)).json<{ id: string }>().id
  await rig.settled()
  const list = async (query: string, as = keeper) => {
    const answer = await send('GET', `/v1/adoptions${query}`, { as })
    const { data, pagination } = answer.json<{ data: Json[]; pagination: Json }>()
    return { answer, data, ids: data?.map(({ id }) => id), pagination }
  }
  t.strictSame((await list('')).ids, [other, waiting, first])
  t.strictSame(
    (await list('')).data.map((item) => item['waiting']),
    [false, true, false],
  )
  t.strictSame((await list('', one)).ids, [first])
  t.strictSame((await list(`?applicantId=${BOB}&limit=1`)).ids, [other])
  t.strictSame((await list(`?petId=${petId}&status=SUBMITTED`)).ids, [waiting, first])
  t.strictSame((await list('?status=APPROVED,REJECTED')).ids, [])
  const part = await list('?cursor=&limit=2')
  t.strictSame(part.ids, [other, waiting])
  const next = String(part.pagination['nextCursor'])
  t.match(String(part.answer.headers.link), new RegExp(`cursor=${next}&limit=2>; rel="next"`))
  t.strictSame((await list(`?cursor=${next}&limit=2`)).ids, [first])
  t.equal((await list(`?applicantId=${BOB}`, one)).answer.statusCode, 403)
  t.equal((await list('?cursor=abc')).answer.statusCode, 400)
})
