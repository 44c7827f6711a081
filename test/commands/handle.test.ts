// The shell around the deciders: what is recorded was decided on the state right before it.
import t from 'tap'
import { MAX_CONFLICT_RETRIES } from '../../src/commands/handle.ts'
import { shelterAggregate } from '../../src/commands/shelter.ts'
import { tenantIdSchema } from '../../src/core/ids.ts'
import { aContext, aPhoto, aShelterProfile } from '../support/builders.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { admit, commandRig, PET, release, remove, rename, reserve, STREAM } from './command-rig.ts'

const occurredAt = TEST_TIME

void t.test('a fresh pet is recorded without reading anything first', async (t) => {
  const { pet, calls, types } = commandRig()
  const result = await pet(admit)
  t.match(result, { kind: 'done', id: PET, version: 1, position: 1, replayed: false })
  t.match(result, { state: { kind: 'present', status: 'AVAILABLE' } })
  t.strictSame(calls, { append: 1, readStream: 0, findByKey: 0 })
  t.strictSame(await types(), ['pet.admitted'])
})

void t.test('an event is stored with who caused it and what led to it', async (t) => {
  const { pet, eventStore } = commandRig()
  const actor = { kind: 'client', id: 'importer' } as const
  await pet(admit, { actor, correlationId: 'c-1', causationId: 'e-0' })
  await pet(reserve, { actor, correlationId: 'c-2' })
  const { events } = await eventStore.readStream(STREAM)
  t.match(events, [
    { metadata: { actor, correlationId: 'c-1', causationId: 'e-0' }, occurredAt },
    { metadata: { actor, correlationId: 'c-2', causationId: null }, schemaVersion: 1 },
  ])
  t.equal(new Set(events.map(({ eventId }) => eventId)).size, 2)
})

void t.test('several events of one command count as several versions', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const photos = [aPhoto(1), aPhoto(2)]
  const result = await pet({ ...rename('Max'), status: 'NOT_AVAILABLE', photos })
  t.match(result, { kind: 'done', version: 5, position: 5 })
  t.match(result, { state: { profile: { name: 'Max' }, status: 'NOT_AVAILABLE', photos } })
  t.equal((await types()).length, 5)
  t.match(await pet(reserve, { expectedVersion: 5 }), { kind: 'rejected' })
})

void t.test('the state in the answer is the one that reading the stream gives', async (t) => {
  const { pet } = commandRig()
  await pet(admit)
  const done = await pet(reserve)
  const again = await pet(reserve)
  t.match(again, { kind: 'done', version: 2, position: 2, replayed: false })
  t.strictSame(again, done, 'and nothing is recorded for what is already so')
})

void t.test('a rejection is handed on and records nothing', async (t) => {
  const { pet, types, calls } = commandRig()
  await pet(admit)
  const other = { ...reserve, cause: { kind: 'order', id: 'o-2' } } as const
  await pet(reserve)
  t.match(await pet(other), { kind: 'rejected', rejection: { code: 'pet_not_available' } })
  t.equal((await types()).length, 2)
  t.equal(calls.findByKey, 0)
})

void t.test('a second intake under the same id is judged on the first', async (t) => {
  const { pet } = commandRig()
  await pet(admit)
  t.match(await pet(admit), { kind: 'done', version: 1, position: 1, replayed: false })
  t.match(await pet({ ...admit, status: 'NOT_AVAILABLE' }), {
    kind: 'rejected',
    rejection: { code: 'pet_already_admitted' },
  })
})

void t.test("a pet that is unknown, removed or another tenant's is not found", async (t) => {
  const { pet, types } = commandRig()
  t.strictSame(await pet(reserve), { kind: 'not_found' })
  await pet(admit)
  const tenantId = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-0000000000f1')
  t.strictSame(await pet(reserve, { tenantId }), { kind: 'not_found' })
  t.match(await pet(remove), { kind: 'done', state: { kind: 'removed' }, version: 2 })
  for (const command of [reserve, remove, rename('Max'), admit]) {
    t.strictSame(await pet(command), { kind: 'not_found' })
  }
  t.strictSame(await pet(reserve, { expectedVersion: 1 }), { kind: 'not_found' })
  t.equal((await types()).length, 2)
})

void t.test('a command that names a version holds for that version only', async (t) => {
  const { pet, calls } = commandRig()
  await pet(admit)
  const stale = await pet(rename('Max'), { expectedVersion: 2 })
  t.strictSame(stale, { kind: 'version_mismatch', actualVersion: 1 })
  t.equal(calls.append, 1)
  t.match(await pet(rename('Max'), { expectedVersion: 1 }), { kind: 'done', version: 2 })
  const same = await pet(rename('Max'), { expectedVersion: 1 })
  t.strictSame(same, { kind: 'version_mismatch', actualVersion: 2 }, 'even when it is already so')
})

void t.test('a command that loses a race is decided anew', async (t) => {
  const rival = commandRig()
  const { pet, calls, types } = commandRig({
    beforeAppend: async (eventStore, earlier) => {
      if (earlier !== 1) return
      await rival.pet(admit)
      await rival.pet(rename('Max'))
      const events = (await rival.eventStore.readStream(STREAM)).events.slice(1)
      const metadata = { actor: aContext().actor, correlationId: 'c', causationId: null }
      await eventStore.append({ stream: STREAM, expectedVersion: 1, events, metadata })
    },
  })
  await pet(admit)
  const result = await pet(reserve)
  t.match(result, {
    kind: 'done',
    version: 3,
    state: { status: 'PENDING', profile: { name: 'Max' } },
  })
  t.strictSame(await types(), ['pet.admitted', 'pet.updated', 'pet.status_changed'])
  t.equal(calls.append, 3)
})

void t.test('a command that names a version and loses a race is not decided anew', async (t) => {
  const { pet } = commandRig()
  await pet(admit)
  const [one, other] = await Promise.all([
    pet(rename('Max'), { expectedVersion: 1 }),
    pet(rename('Bella'), { expectedVersion: 1 }),
  ])
  t.match(one, { kind: 'done', version: 2 })
  t.strictSame(other, { kind: 'version_mismatch', actualVersion: 2 })
})

void t.test('a command that loses every race gives up after a named number of them', async (t) => {
  const { handler, calls, eventStore } = commandRig({
    beforeAppend: async (eventStore, earlier) => {
      const data = { changes: { hours: String(earlier) } }
      const event = { type: 'shelter.updated', schemaVersion: 1, data, occurredAt }
      await eventStore.append({
        stream: { ...STREAM, category: 'shelter' },
        expectedVersion: 'any',
        events: [{ ...event, eventId: `0199f3a0-7c1e-7a01-8000-00000000010${String(earlier)}` }],
        metadata: { actor: aContext().actor, correlationId: 'c', causationId: null },
      })
    },
  })
  const command = { type: 'register', profile: aShelterProfile(), occurredAt } as const
  const first = await handler.handle({
    aggregate: { ...shelterAggregate, exists: () => true },
    id: PET,
    command,
    context: aContext(),
  })
  t.strictSame(first, { kind: 'conflict', actualVersion: MAX_CONFLICT_RETRIES + 1 })
  t.equal(calls.append, MAX_CONFLICT_RETRIES + 1)
  t.equal(await eventStore.head(), MAX_CONFLICT_RETRIES + 1)
})

void t.test('of two buyers at once exactly one gets the pet', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const results = await Promise.all(
    ['o-1', 'o-2', 'o-3'].map((id) => pet({ ...reserve, cause: { kind: 'order', id } })),
  )
  t.strictSame(results.map(({ kind }) => kind).sort(), ['done', 'rejected', 'rejected'])
  t.strictSame(await types(), ['pet.admitted', 'pet.status_changed'])
})

void t.test('commands at once that do not exclude each other are all recorded', async (t) => {
  const { pet, types } = commandRig()
  await pet(admit)
  const add = (n: number) =>
    pet({ type: 'add_photo', photo: aPhoto(n), description: null, occurredAt })
  const results = await Promise.all([add(1), add(2), add(3), add(4)])
  const versions = results.map((result) => (result.kind === 'done' ? result.version : result.kind))
  t.strictSame(versions.sort(), [2, 3, 4, 5])
  t.equal((await types()).length, 5)
})

void t.test('a stream is read to its end, page by page', async (t) => {
  const { pet, calls } = commandRig({ streamPageSize: 2 })
  await pet(admit)
  for (let n = 0; n < 3; n += 1) {
    await pet(reserve)
    await pet(release)
  }
  calls.readStream = 0
  t.match(await pet(reserve), { kind: 'done', version: 8, position: 8 })
  t.equal(calls.readStream, 4)
})

void t.test('a full log is said to be full', async (t) => {
  const { pet } = commandRig({ maxEvents: 1 })
  await pet(admit)
  t.match(await pet(reserve), { kind: 'overloaded', retryAfterMs: Number })
})

void t.test('a stream with an event of a newer build is not decided on', async (t) => {
  const { pet, eventStore } = commandRig()
  await pet(admit)
  const { events } = await eventStore.readStream(STREAM)
  await eventStore.append({
    stream: STREAM,
    expectedVersion: 1,
    events: events.map((stored) => ({ ...stored, schemaVersion: 99 })),
    metadata: { actor: aContext().actor, correlationId: 'c', causationId: null },
  })
  await t.rejects(pet(reserve), { code: 'unknown_event' })
})
