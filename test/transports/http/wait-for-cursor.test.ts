// Wait-For-Cursor with a cursor from before the log was restored: what it stands for may be in no log, which is not the
// same as a cursor that is none.
import t from 'tap'
import { createCursorCodec } from '../../../src/adapters/system/cursor-codec.ts'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { httpApp } from './http-app.ts'

const identity = { epoch: 2, cursorKey: Buffer.alloc(16, 7) }
const rig = await httpApp(t, { ports: { cursors: createCursorCodec(identity) } })
const { app } = rig
const earlier = createCursorCodec({ ...identity, epoch: 1 }).encode(SHARED_TENANT, 1)

t.test('a cursor of an earlier log is gone everywhere, as it is for the events', async (t) => {
  const { url } = await rig.admit()
  const headers = { ...rig.as('staff'), 'wait-for-cursor': earlier }
  for (const path of ['/v1/pets', url, `${url}/history`, '/v1/shelters', '/v1/inventory']) {
    const answer = await app.inject({ url: path, headers })
    t.equal(answer.statusCode, 410, path)
    t.match(answer.json(), { type: /\/gone$/, detail: /Wait-For-Cursor/ })
  }
  const events = await app.inject(`/v1/events?after=${earlier}`)
  t.match([events.statusCode, events.json()], [410, { type: /\/gone$/ }])
  const classic = await app.inject({ url: '/pets', headers })
  t.match(classic.json(), { error: 'Gone', status: 410, message: /Wait-For-Cursor/ })
})

t.test('one that is none stays a bad request that names the field', async (t) => {
  const headers = { 'wait-for-cursor': 'nonsense' }
  const answer = await app.inject({ url: '/v1/pets', headers })
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { errors: [{ field: 'Wait-For-Cursor', code: 'INVALID_FORMAT' }] })
})
