// Who gets what: cursors of others, tenants, classes, and tokens that end.
import assert from 'node:assert/strict'
import { OTHER_TENANT, TENANT, write } from '../../transports/feed/harness.ts'
import { cursorsOf, GUEST, NEIGHBOUR, open, readerOf, STAFF, writeSome } from './support.ts'
import type { Principal } from '../../../src/core/auth.ts'
import type { Case, Stage } from './types.ts'

const TOKEN_MS = 1_500
const connectAs = (stage: Stage, token: string) =>
  stage.connect({ token, tenant: TENANT, after: 'earliest' })
const HIDDEN = 'user.registered' // of which the public does not learn
const PARTLY = 'pet.adopted' // of which it sees a part

/** What is made with a token that is over later stays, until its owner's account is no more. */
const endsWithAccount = async (stage: Stage, staff: Principal): Promise<void> => {
  const filter = { types: ['pet.*'] }
  stage.principals.set('brief', { ...staff, expiresAtMs: stage.now() + TOKEN_MS })
  const brief = await open(stage, { token: 'brief', after: 'earliest', filter })
  stage.pass(TOKEN_MS)
  const [first = ''] = await writeSome(stage, 1)
  assert.deepEqual(cursorsOf(await brief.take(1)), [first], "it is the tenant's")
  await assert.rejects(open(stage, { token: 'brief', after: first, filter }), 'it is refused')
  await write(stage.store, { type: 'user.deleted', id: staff.subject })
  assert.deepEqual(await brief.rest(), [], 'the connection ends')
  const [missed = ''] = await writeSome(stage, 1)
  const fresh = await open(stage, { after: first, filter })
  assert.deepEqual(cursorsOf(await fresh.take(1)), [missed])
  assert.deepEqual(await readerOf(brief.connection).rest(), [], 'nothing came after the end')
  await brief.connection.close()
  await fresh.connection.close()
}

export const accessCases: readonly Case[] = [
  [
    'a cursor of another tenant and a broken one are refused',
    async (stage) => {
      const [own = ''] = await writeSome(stage, 1)
      const [foreign = ''] = await writeSome(stage, 1, { tenantId: OTHER_TENANT })
      for (const after of [foreign, `${own.slice(0, -1)}!`, 'no-cursor', 'x'.repeat(60)]) {
        await assert.rejects(open(stage, { after }), `refused: ${after}`)
      }
      const reader = await open(stage, { after: 'earliest' })
      assert.deepEqual(cursorsOf(await reader.take(1)), [own])
      await reader.connection.close()
    },
  ],
  [
    'a cursor of an earlier log never leads to a replay of a part',
    async (stage, { earlierLog }) => {
      const [cursor = ''] = await writeSome(stage, 3)
      const after = cursor.replace(/^1-/, '0-')
      if (earlierLog === 'refused') await assert.rejects(open(stage, { after }))
      const reader = await open(stage, earlierLog === 'refused' ? {} : { after })
      const [next = ''] = await writeSome(stage, 1)
      assert.deepEqual(cursorsOf(await reader.take(1)), [next])
      await reader.connection.close()
    },
  ],
  [
    'what happens in one tenant is heard by no other, in history and live',
    async (stage) => {
      const neighbour = { token: NEIGHBOUR, tenant: OTHER_TENANT, after: 'earliest' }
      await writeSome(stage, 5)
      await writeSome(stage, 1, { tenantId: OTHER_TENANT, id: 'theirs' })
      const theirs = await open(stage, neighbour)
      const ours = await open(stage, { after: 'earliest' })
      await writeSome(stage, 5)
      await writeSome(stage, 1, { tenantId: OTHER_TENANT, id: 'theirs' })
      assert.deepEqual(
        (await theirs.take(2)).map(({ subject }) => subject),
        ['pets/theirs', 'pets/theirs'],
      )
      const subjects = (await ours.take(10)).map(({ subject }) => subject)
      assert.ok(!subjects.includes('pets/theirs'))
      await assert.rejects(open(stage, { ...neighbour, tenant: TENANT }), 'with a token of another')
      await assert.rejects(open(stage, { token: 'unknown' }), 'with a token of nobody')
      await assert.rejects(stage.connect({ tenant: TENANT }), 'without a token')
      await theirs.connection.close()
      await ours.connection.close()
    },
  ],
  [
    'who may see less gets less, in history and live alike',
    async (stage) => {
      const tell = async () => {
        await write(stage.store, { type: HIDDEN, id: 'u9' })
        await write(stage.store, { type: PARTLY, id: 'p1' })
      }
      await tell()
      const guest = await open(stage, { token: GUEST, after: 'earliest' })
      const staff = await open(stage, { token: STAFF, after: 'earliest' })
      const early = await guest.take(1)
      await tell()
      const seen = [...early, ...(await guest.take(1))]
      const all = await staff.take(4)
      assert.deepEqual(
        seen.map(({ type }) => type),
        [PARTLY, PARTLY],
      )
      assert.deepEqual(
        all.map(({ type }) => type),
        [HIDDEN, PARTLY, HIDDEN, PARTLY],
      )
      for (const { data } of seen) {
        assert.ok(!('adopterId' in (data as object)))
        assert.ok('status' in (data as object))
      }
      assert.ok('adopterId' in (all[1]?.data as object))
      await guest.connection.close()
      await staff.connection.close()
    },
  ],
  [
    "what a user holds open ends with the user's deletion, and is not opened again",
    async (stage) => {
      const staff = await open(stage)
      const guest = await open(stage, { token: GUEST })
      await writeSome(stage, 1)
      await Promise.all([staff.take(1), guest.take(1)])
      const subject = stage.principals.get(STAFF)?.subject ?? ''
      await write(stage.store, { type: 'user.deleted', id: subject })
      await writeSome(stage, 1)
      const last = await staff.rest()
      assert.ok(
        last.every(({ type }) => type === 'user.deleted'),
        'nothing of what came after it',
      )
      await assert.rejects(async () => readerOf(await connectAs(stage, STAFF)).take(1))
      assert.equal((await guest.take(1)).length, 1, 'others are served on')
      await guest.connection.close()
    },
    'endsWithUser',
  ],
  [
    'nothing is heard with a token that is over, and with a fresh one it goes on',
    async (stage, { outlivesToken }) => {
      const staff = stage.principals.get(STAFF)
      assert.ok(staff)
      if (outlivesToken) return endsWithAccount(stage, staff)
      stage.principals.set('brief', { ...staff, expiresAtMs: stage.now() + TOKEN_MS })
      const brief = readerOf(
        await stage.connect({ token: 'brief', tenant: TENANT, after: 'earliest' }),
      )
      const [first = ''] = await writeSome(stage, 1)
      assert.deepEqual(cursorsOf(await brief.take(1)), [first])
      stage.pass(TOKEN_MS)
      assert.deepEqual(await brief.rest(), [], 'the connection ends')
      const [missed = ''] = await writeSome(stage, 1)
      await assert.rejects(open(stage, { token: 'brief', after: first }), 'it is refused')
      const fresh = await open(stage, { after: first })
      assert.deepEqual(cursorsOf(await fresh.take(1)), [missed])
      await fresh.connection.close()
    },
  ],
]
