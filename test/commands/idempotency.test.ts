// A command under an idempotency key takes effect once, and a repeat gets the first one's answer.
import t from 'tap'
import { shelterAggregate } from '../../src/commands/shelter.ts'
import { aContext, aShelterProfile } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { admit, commandRig, PET, release, remove, rename, reserve, withKey } from './command-rig.ts'

const OTHER_PET = '0199f3a0-7c1e-7a01-8000-0000000000d2'

void t.test("a repeated intake answers with the first one's pet, as it was then", async (t) => {
  const { pet, eventStore } = commandRig()
  const first = await pet(admit, withKey('k'))
  await pet(rename('Max'))
  const again = await pet(admit, withKey('k'), OTHER_PET)
  t.match(first, { kind: 'done', id: PET, replayed: false })
  t.strictSame(again, { ...first, replayed: true })
  t.equal(await eventStore.head(), 2)
})

void t.test('the first try of a key costs no look-up', async (t) => {
  const { pet, calls } = commandRig()
  await pet(admit, withKey('k-1'))
  await pet(reserve, withKey('k-2'))
  t.strictSame(calls, { append: 2, readStream: 1, findByKey: 0 })
})

void t.test('a repeat that would be already so now gives the first answer', async (t) => {
  const { pet } = commandRig()
  await pet(admit)
  const first = await pet(reserve, withKey('k'))
  t.strictSame(await pet(reserve, withKey('k')), { ...first, replayed: true })
  await pet(rename('Max'))
  t.strictSame(await pet(reserve, withKey('k')), { ...first, replayed: true })
})

void t.test('a repeat that would be refused now gives the first answer', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const first = await pet(reserve, withKey('k'))
  await pet(release)
  await pet({ ...reserve, cause: { kind: 'order', id: 'o-2' } })
  t.strictSame(await pet(reserve, withKey('k')), { ...first, replayed: true })
  t.equal((await types()).length, 4)
})

void t.test('a repeat that would take effect again does not', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const first = await pet(reserve, withKey('k'))
  await pet(release)
  t.strictSame(await pet(reserve, withKey('k')), { ...first, replayed: true })
  t.equal((await types()).length, 3)
})

void t.test(
  'a repeated removal, and one that named a version, give the first answer',
  async (t) => {
    const { pet } = commandRig()
    await pet(admit)
    const renamed = await pet(rename('Max'), { ...withKey('k-1'), expectedVersion: 1 })
    const again = await pet(rename('Max'), { ...withKey('k-1'), expectedVersion: 1 })
    t.strictSame(again, { ...renamed, replayed: true })
    const removed = await pet(remove, withKey('k-2'))
    t.match(removed, { kind: 'done', state: { kind: 'removed' } })
    t.strictSame(await pet(remove, withKey('k-2')), { ...removed, replayed: true })
    t.strictSame(await pet(remove, withKey('k-3')), { kind: 'not_found' })
  },
)

void t.test('two tries at once under one key take effect once, with one answer', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const tries = await Promise.all([1, 2, 3].map(() => pet(reserve, withKey('k'))))
  const answers = tries.map((each) => ({ ...each, replayed: true }))
  t.match(answers[0], { kind: 'done', version: 2 })
  t.strictSame(answers, [answers[0], answers[0], answers[0]])
  t.equal(tries.filter((each) => each.kind === 'done' && !each.replayed).length, 1)
  t.equal((await types()).length, 2)
})

void t.test(
  'another request under a used key is refused, whatever it would have got',
  async (t) => {
    const { pet, handler, types } = commandRig()
    await pet(admit, withKey('k', 'hash-1'))
    for (const command of [reserve, release, admit]) {
      t.strictSame(await pet(command, withKey('k', 'hash-2')), { kind: 'key_reused' })
    }
    const command = { type: 'register', profile: aShelterProfile(), occurredAt: TEST_TIME } as const
    const context = aContext(withKey('k', 'hash-1'))
    const shelter = { aggregate: shelterAggregate, id: PET, command, context }
    t.strictSame(await handler.handle(shelter), { kind: 'key_reused' }, 'of another kind too')
    t.equal((await types()).length, 1)
  },
)

void t.test('a key under which nothing was recorded is still free', async (t) => {
  const { pet } = commandRig()
  await pet(admit)
  t.match(await pet(release, withKey('k')), { kind: 'done', version: 1, replayed: false })
  await pet(reserve)
  t.match(await pet(release, withKey('k')), { kind: 'done', version: 3, replayed: false })
  t.match(await pet(release, withKey('k')), { kind: 'done', version: 3, replayed: true })
})
