// Removing shelters over the memory log, while pets come to them.
import t from 'tap'
import { createMemoryEventStore } from '../../src/adapters/memory/event-store.ts'
import { createPetCommands } from '../../src/application/pets.ts'
import { createShelterCommands } from '../../src/application/shelters.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import type { CommandResult } from '../../src/core/command.ts'
import type { AppendRequest, EventStore } from '../../src/core/event-store.ts'
import type { Position } from '../../src/core/event.ts'
import { Fault } from '../../src/core/fault.ts'
import type { TenantId } from '../../src/core/ids.ts'
import { aContext, anIntake, aPetProfile, aShelterProfile } from '../support/builders.ts'
import { fixedClock } from '../support/fixed-clock.ts'
import { seededIds } from '../support/seeded-ids.ts'

const reason = null
const context = aContext()
const withKey = (key: string) => aContext({ idempotency: { key, requestHash: key } })

const done = <State>(result: CommandResult<State>) => {
  if (result.kind !== 'done') throw new Error(`not done: ${result.kind}`)
  return result
}

const rig = async () => {
  const clock = fixedClock()
  const ids = seededIds()
  const memory = createMemoryEventStore({ clock })
  const gate = { before: async (_: AppendRequest): Promise<void> => undefined }
  const eventStore: EventStore = {
    ...memory,
    append: async (request) => {
      await gate.before(request)
      return memory.append(request)
    },
  }
  const handler = createCommandHandler({ eventStore, ids })
  const pets = createPetCommands({ handler, eventStore, clock, ids })
  const readModel = { waitedFor: [] as Position[], isBehind: false }
  const shelters = createShelterCommands({
    handler,
    eventStore,
    petQueries: { inCareAt: (...of) => inCareAt(memory, pets, of) },
    waitForPets: async (position) => {
      readModel.waitedFor.push(position)
      if (readModel.isBehind) throw new Fault('deadline_exceeded', 'the read model is behind')
    },
    clock,
    ids,
  })
  const { id: shelterId } = done(await shelters.register(context, aShelterProfile()))
  const admission = {
    profile: aPetProfile({ shelterId }),
    status: 'AVAILABLE' as const,
    intake: anIntake(),
    photos: [],
  }
  return { eventStore, gate, pets, shelters, readModel, shelterId, admission }
}

/** As the read model counts, over the log. */
const inCareAt = async (
  eventStore: EventStore,
  pets: Pick<ReturnType<typeof createPetCommands>, 'current'>,
  [tenantId, shelterId]: readonly [TenantId, string],
): Promise<number> => {
  const filter = { tenantId, types: ['pet.admitted'] }
  const { events } = await eventStore.readAll({ after: 0, limit: 100, filter })
  const all = await Promise.all(events.map(({ streamId }) => pets.current(tenantId, streamId)))
  return all.filter((pet) => pet?.inCare === true && pet.profile.shelterId === shelterId).length
}

t.test('a removal counts every pet that the log had when it was asked for', async (t) => {
  const { shelters, pets, shelterId, admission, readModel, eventStore } = await rig()
  const { id } = done(await pets.admit(context, admission))
  const refused = await shelters.remove(context, shelterId, { reason })
  t.match(refused, { kind: 'rejected', rejection: { code: 'shelter_has_pets' } })
  t.strictSame(readModel.waitedFor, [await eventStore.head()])
  readModel.isBehind = true
  await pets.remove(context, id, { reason })
  const asked = shelters.remove(context, shelterId, { reason })
  await t.rejects(asked, { code: 'deadline_exceeded' }, 'and is not made on an old count')
  readModel.isBehind = false
  t.match(await shelters.remove(context, shelterId, { reason }), {
    kind: 'done',
    version: 2,
    state: { profile: aShelterProfile() },
  })
})

t.test('what is not there is not removed, and nothing is waited for', async (t) => {
  const { shelters, shelterId, readModel, eventStore } = await rig()
  await shelters.remove(context, shelterId, { reason })
  const head = await eventStore.head()
  readModel.waitedFor.length = 0
  for (const id of [shelterId, 'nobody']) {
    t.strictSame(await shelters.remove(context, id, { reason }), { kind: 'not_found' })
  }
  const changes = { hours: 'daily' }
  t.strictSame(await shelters.update(context, shelterId, changes), { kind: 'not_found' })
  t.strictSame([readModel.waitedFor, await eventStore.head()], [[], head])
})

t.test('once a removal is answered no pet comes, also where pets came just before', async (t) => {
  const { shelters, pets, shelterId, admission } = await rig()
  const admitted = done(await pets.admit(withKey('first'), admission))
  const other = done(await pets.admit(context, { ...admission, profile: aPetProfile() }))
  await pets.remove(context, admitted.id, { reason })
  t.match(await shelters.remove(context, shelterId, { reason }), { kind: 'done' })
  const unknown = { kind: 'rejected', rejection: { code: 'unknown_shelter', field: 'shelterId' } }
  t.match(await pets.admit(context, admission), unknown)
  t.match(await pets.revise(context, other.id, { changes: { shelterId } }), unknown)
  const repeated = await pets.admit(withKey('first'), admission)
  t.match(repeated, { kind: 'done', id: admitted.id, replayed: true }, 'but a repeat is answered')
})

t.test('two removals at the same moment record one', async (t) => {
  const { shelters, shelterId, eventStore } = await rig()
  const remove = () => shelters.remove(context, shelterId, { reason })
  const results = await Promise.all([remove(), remove()])
  t.strictSame(results.map(({ kind }) => kind).sort(), ['done', 'not_found'])
  t.equal(await eventStore.head(), 2)
})

t.test('a pet that comes between count and removal stays, and can be lived with', async (t) => {
  const { shelters, pets, shelterId, admission, gate, eventStore } = await rig()
  let petId = ''
  gate.before = async ({ events }) => {
    if (events[0]?.type !== 'shelter.removed') return
    petId = done(await pets.admit(context, admission)).id
  }
  t.match(await shelters.remove(context, shelterId, { reason }), { kind: 'done' })
  const head = await eventStore.head()
  t.match(await pets.current(context.tenantId, petId), { inCare: true, profile: { shelterId } })
  const same = await pets.revise(context, petId, { changes: { shelterId } })
  t.match(same, { kind: 'done', version: 1 }, 'to say again what is so changes nothing')
  t.equal(await eventStore.head(), head)
  const named = await pets.revise(context, petId, { changes: { shelterId, name: 'Milo' } })
  t.match(named, { kind: 'done', state: { profile: { name: 'Milo', shelterId } } })
  const moved = await pets.revise(context, petId, { changes: { shelterId: null } })
  t.match(moved, { kind: 'done', state: { profile: { shelterId: null } } })
  const back = await pets.revise(context, petId, { changes: { shelterId } })
  t.match(back, { kind: 'rejected', rejection: { code: 'unknown_shelter' } })
})

t.test('who says again what was so does not bring a pet back that was moved since', async (t) => {
  const { shelters, pets, shelterId, admission, gate } = await rig()
  const { id } = done(await pets.admit(context, admission))
  await pets.recordOutcome(context, id, {
    kind: 'TRANSFER_OUT',
    date: '2026-08-20',
    destination: null,
    reason,
  })
  done(await shelters.remove(context, shelterId, { reason }))
  gate.before = async () => {
    gate.before = async () => undefined
    done(await pets.revise(context, id, { changes: { shelterId: null } }))
  }
  const revised = await pets.revise(context, id, { changes: { shelterId, name: 'Milo' } })
  t.match(revised, { kind: 'done', state: { profile: { name: 'Milo', shelterId: null } } })
})
