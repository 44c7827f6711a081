// What every keeper of MQTT sessions promises: one suite for every adapter. A case gets an empty one.
import assert from 'node:assert/strict'
import type { Test } from 'tap'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'
import type { MqttSessionKey, MqttSessions } from '../../src/core/mqtt-sessions.ts'

/** `pass`: lets so much time pass that what is kept for SHORT_MS is over. */
export type MqttSessionsRig = Readonly<{ sessions: MqttSessions; pass: () => Promise<void> }>

export type MqttSessionsCase = readonly [
  title: string,
  run: (rig: MqttSessionsRig) => Promise<void>,
]

export const SHORT_MS = 20
const LONG_MS = 600_000

export const mqttSessionsContract = async (
  t: Test,
  make: (t: Test) => Promise<MqttSessionsRig>,
): Promise<void> => {
  for (const [title, run] of mqttSessionsCases) {
    await t.test(title, async (t) => {
      await t.resolves(run(await make(t)), 'every assertion of the case holds')
    })
  }
}

const KEY: MqttSessionKey = { tenantId: SHARED_TENANT, principal: 'user:u1', clientId: 'c1' }
const OTHER_TENANT = tenantIdSchema.parse('0191f3c0-0000-7000-8000-000000000001')
const asks = { clean: false, keepMs: LONG_MS, limit: 10 }
const NEW = { kind: 'opened', isPresent: false, state: null }
const STATE = { filters: [{ filter: 'pets/#', inFlight: [[7, 'event', 12]] }] }

const stored = async (sessions: MqttSessions, key = KEY, keepMs = LONG_MS): Promise<void> => {
  assert.deepEqual(await sessions.open(key, { ...asks, owner: 'a' }), NEW)
  assert.equal(await sessions.save(key, { owner: 'a', state: STATE, keepMs }), true)
}

export const mqttSessionsCases: readonly MqttSessionsCase[] = [
  [
    'what was saved is found by whoever opens the session next',
    async ({ sessions }) => {
      await stored(sessions)
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b' }), {
        kind: 'opened',
        isPresent: true,
        state: STATE,
      })
    },
  ],
  [
    'a session that was opened and never saved is present, with nothing in it',
    async ({ sessions }) => {
      await sessions.open(KEY, { ...asks, owner: 'a' })
      const again = await sessions.open(KEY, { ...asks, owner: 'b' })
      assert.deepEqual(again, { kind: 'opened', isPresent: true, state: null })
    },
  ],
  [
    'a clean start forgets what there was',
    async ({ sessions }) => {
      await stored(sessions)
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b', clean: true }), NEW)
      const again = await sessions.open(KEY, { ...asks, owner: 'c' })
      assert.equal(again.kind === 'opened' && again.state, null)
    },
  ],
  [
    'whoever was taken over saves and removes nothing any more',
    async ({ sessions }) => {
      await stored(sessions)
      await sessions.open(KEY, { ...asks, owner: 'b' })
      assert.equal(await sessions.save(KEY, { owner: 'a', state: {}, keepMs: LONG_MS }), false)
      await sessions.remove(KEY, 'a')
      const found = await sessions.open(KEY, { ...asks, owner: 'c' })
      assert.deepEqual(found.kind === 'opened' && found.state, STATE)
    },
  ],
  [
    'tenants, principals and client ids have sessions of their own',
    async ({ sessions }) => {
      await stored(sessions)
      await stored(sessions, { ...KEY, tenantId: OTHER_TENANT })
      await stored(sessions, { ...KEY, principal: 'user:u2' })
      await stored(sessions, { ...KEY, clientId: 'c2' })
    },
  ],
  [
    'a session whose time is over is not found, and is swept away',
    async ({ sessions, pass }) => {
      await stored(sessions, KEY, SHORT_MS)
      await stored(sessions, { ...KEY, clientId: 'c2' })
      await pass()
      assert.equal(await sessions.removeExpired(10), 1)
      assert.equal(await sessions.removeExpired(10), 0)
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b' }), NEW)
      const other = await sessions.open({ ...KEY, clientId: 'c2' }, { ...asks, owner: 'b' })
      assert.equal(other.kind === 'opened' && other.isPresent, true)
    },
  ],
  [
    'its time being over is enough, swept or not',
    async ({ sessions, pass }) => {
      await stored(sessions, KEY, SHORT_MS)
      await pass()
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b' }), NEW)
    },
  ],
  [
    'a session that was removed is gone',
    async ({ sessions }) => {
      await stored(sessions)
      await sessions.remove(KEY, 'a')
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b' }), NEW)
    },
  ],
  [
    'what is not kept is handed out once, or forgotten, and its owner has it no more',
    async ({ sessions }) => {
      const once = { ...asks, owner: 'b', keepMs: 0 }
      await stored(sessions)
      const found = await sessions.open(KEY, once)
      assert.deepEqual(found, { kind: 'opened', isPresent: true, state: STATE })
      assert.equal(await sessions.save(KEY, { owner: 'a', state: {}, keepMs: LONG_MS }), false)
      assert.equal(await sessions.save(KEY, { owner: 'b', state: {}, keepMs: LONG_MS }), false)
      assert.deepEqual(await sessions.open(KEY, once), NEW)
      await stored(sessions)
      await stored(sessions, { ...KEY, clientId: 'c2' })
      assert.deepEqual(await sessions.open(KEY, { ...once, clean: true }), NEW)
      assert.deepEqual(await sessions.open(KEY, once), NEW)
      const other = await sessions.open({ ...KEY, clientId: 'c2' }, once)
      assert.equal(other.kind === 'opened' && other.isPresent, true)
    },
  ],
  [
    'what is over is not handed out',
    async ({ sessions, pass }) => {
      await stored(sessions, KEY, SHORT_MS)
      await pass()
      assert.deepEqual(await sessions.open(KEY, { ...asks, owner: 'b', keepMs: 0 }), NEW)
    },
  ],
  [
    'a principal has so many sessions and no more, and may open its own again',
    async ({ sessions }) => {
      const limited = { ...asks, owner: 'a', limit: 2 }
      for (const clientId of ['c1', 'c2']) await sessions.open({ ...KEY, clientId }, limited)
      const third = await sessions.open({ ...KEY, clientId: 'c3' }, limited)
      assert.deepEqual(third, { kind: 'too_many' })
      const once = { ...limited, limit: 1, keepMs: 0 }
      assert.deepEqual(await sessions.open(KEY, once), { kind: 'too_many' })
      const own = await sessions.open(KEY, limited)
      assert.deepEqual(own, { ...NEW, isPresent: true }, 'who was refused has lost nothing')
      const other = await sessions.open({ ...KEY, principal: 'user:u2', clientId: 'c3' }, limited)
      assert.equal(other.kind, 'opened')
    },
  ],
]
