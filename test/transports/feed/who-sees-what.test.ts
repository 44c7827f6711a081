// Filters, tenants and roles: each subscriber sees what concerns it and may be seen, and nothing else.
import t from 'tap'
import type { StoredEvent } from '../../../src/core/event.ts'
import {
  compiled,
  feedHarness,
  OTHER_TENANT,
  recordingSink,
  settle,
  SHARED_TENANT,
  spoken,
  subscribe,
  TENANT,
  until,
  write,
  writeMany,
} from './harness.ts'

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

t.test(
  'a filter lets through what it names, and checkpoints count it, on replay and live alike',
  async (t) => {
    const { store, feed, cursors } = await feedHarness(t, { settings: { heartbeatMs: 20 } })
    const types = ['pet.updated', 'pet.adopted', 'pet.removed', 'shelter.updated']
    const writeAll = async () => {
      for (const type of types) for (const id of ['a', 'b']) await write(store, { type, id })
    }
    const filters = [
      [{}, 16],
      [{ types: ['*'] }, 16],
      [{ types: ['pet.*'] }, 12],
      [{ types: ['pet.*', 'pet.adopted'] }, 12],
      [{ types: ['pet.adopted', 'shelter.*'] }, 8],
      [{ types: ['*.updated'] }, 8],
      [{ subjects: ['pets/a'] }, 6],
      [{ subjects: ['pets/*'] }, 12],
      [{ subjects: ['pets/*', 'pets/a'] }, 12],
      [{ subjects: ['*'] }, 16],
      [{ types: ['pet.adopted'], subjects: ['pets/b'] }, 2],
      [{ types: ['*.updated'], subjects: ['shelters/*'] }, 4],
      [{ types: ['order.*'] }, 0],
    ] as const
    const early = filters.map(([filter]) => ({ filter, recorder: recordingSink() }))
    for (const { filter, recorder } of early) {
      subscribe(feed, recorder.sink, { filter: compiled(filter) })
    }
    await settle(feed, store)
    await writeAll()
    await writeAll()
    await settle(feed, store)
    const late = filters.map(([filter]) => ({ filter, recorder: recordingSink() }))
    for (const { filter, recorder } of late) {
      subscribe(feed, recorder.sink, { filter: compiled(filter) })
    }
    await settle(feed, store)
    for (const [index, [filter, count]] of filters.entries()) {
      const name = JSON.stringify(filter)
      const live = early[index]?.recorder
      const replayed = late[index]?.recorder
      if (live === undefined || replayed === undefined) throw new Error('no recorder')
      t.equal(live.positions.length, count, name)
      t.strictSame(replayed.frames, live.frames, `${name}: the same bytes`)
      const last = cursors.encode(TENANT, 16)
      for (const { positions, checkpoints } of [live, replayed]) {
        if (positions.at(-1) === 16) continue
        await until(() => checkpoints.at(-1)?.cursor === last, `the checkpoint of ${name}`)
        t.equal(checkpoints.at(-1)?.delivered, count)
      }
    }
  },
)

t.test("no tenant sees another tenant's events, live or replayed", async (t) => {
  const tenants = [TENANT, OTHER_TENANT, SHARED_TENANT]
  const writeAll = async () => {
    for (const tenantId of tenants) await write(store, { tenantId })
  }
  const { store, feed } = await feedHarness(t, { settings: { ringEvents: 3 } })
  await writeAll()
  await writeAll()
  const recorders = tenants.map((tenantId) => {
    const recorder = recordingSink()
    subscribe(feed, recorder.sink, { tenantId })
    return recorder
  })
  await settle(feed, store)
  await writeAll()
  await settle(feed, store)
  t.strictSame(
    recorders.map(({ positions }) => positions),
    [
      [1, 4, 7],
      [2, 5, 8],
      [3, 6, 9],
    ],
  )
  const sources = recorders.map(({ frames }) => spoken(frames[0])['source'])
  t.strictSame(sources, [`/tenants/${TENANT}`, `/tenants/${OTHER_TENANT}`, '/shared'])
  const page = await feed.readPage({
    ...{ tenantId: OTHER_TENANT, principal: 'user:reader', visibility: 'staff' as const },
    ...{ filter: compiled(), after: 0, limit: 100 },
  })
  t.equal(page.kind === 'page' && page.page.items.length, 3)
})

t.test(
  'the public class hides fields and events, live, from the ring and from the log alike',
  async (t) => {
    const { store, feed, cursors } = await feedHarness(t, {
      before: async (store) => {
        await write(store, { type: 'pet.adopted' })
        await write(store, { type: 'user.registered', id: 'u1' })
      },
    })
    const watch = (visibility: 'public' | 'staff') => {
      const recorder = recordingSink()
      subscribe(feed, recorder.sink, { visibility })
      return recorder
    }
    const open = watch('public')
    const staff = watch('staff')
    await settle(feed, store)
    await write(store, { type: 'pet.adopted' })
    await write(store, { type: 'user.registered', id: 'u2' })
    await settle(feed, store)
    const lateOpen = watch('public')
    await settle(feed, store)
    t.strictSame(open.positions, [1, 3])
    t.strictSame(staff.positions, [1, 2, 3, 4])
    t.strictSame(lateOpen.frames, open.frames)
    const ofThird = [open.frames[1], staff.frames[2]].map(
      (frame) => 'adopterId' in spoken(frame).data,
    )
    t.strictSame(ofThird, [false, true], 'each class has a frame of its own')
    t.equal(
      lateOpen.checkpoints.at(-1)?.cursor,
      cursors.encode(TENANT, 4),
      'it moves past the hidden',
    )
    const publicOne = spoken(open.frames[0])
    const staffOne = spoken(staff.frames[0])
    t.strictSame(Object.keys(publicOne.data).sort(), ['date', 'previousStatus', 'status'])
    t.ok('adopterId' in staffOne.data)
    t.equal(staffOne['correlationid'], 'c1')
    t.notOk('correlationid' in publicOne || 'actorid' in publicOne, 'who did it concerns staff')
    t.notOk('causationid' in staffOne, 'absent, as it is null')
  },
)

t.test('an event that this build does not know is passed over and logged', async (t) => {
  const warnings: unknown[] = []
  const { store, feed, cursors } = await feedHarness(t, {
    logger: {
      ...{ debug: () => {}, info: () => {}, error: () => {} },
      warn: (fields) => warnings.push(fields),
    },
  })
  const recorder = recordingSink()
  subscribe(feed, recorder.sink)
  await settle(feed, store)
  await write(store)
  await write(store, { type: 'pet.teleported', data: {} })
  await write(store, { schemaVersion: 99 })
  await write(store)
  await settle(feed, store)
  const late = recordingSink()
  subscribe(feed, late.sink)
  await settle(feed, store)
  t.strictSame(recorder.positions, [1, 4])
  t.strictSame(late.positions, [1, 4])
  t.equal(late.checkpoints.length, 0)
  t.match(warnings, [
    { position: 2, type: 'pet.teleported' },
    { position: 3, schemaVersion: 99 },
  ])
  t.equal(recorder.checkpoints.length, 0, cursors.encode(TENANT, 4))
})

t.test('pages walk the whole feed, full ones say so, and the last one is up to date', async (t) => {
  const { store, feed } = await feedHarness(t, {
    before: (store) => writeMany(store, 25),
    settings: { catchUpPageEvents: 4 },
  })
  await writeMany(store, 1, { tenantId: OTHER_TENANT })
  const sequences: number[] = []
  const shapes: string[] = []
  let after = 0
  for (const _ of range(1, 4)) {
    const outcome = await feed.readPage({
      ...{ tenantId: TENANT, principal: 'user:reader', visibility: 'staff' as const },
      ...{ filter: compiled(), after, limit: 10 },
    })
    if (outcome.kind !== 'page') throw new Error(outcome.kind)
    const { items, next, full, upToDate } = outcome.page
    sequences.push(...items.map((item) => Number(spoken(item)['sequence'])))
    shapes.push(`${String(items.length)} ${String(full)} ${String(upToDate)}`)
    after = next
  }
  t.strictSame(sequences, range(1, 25))
  t.strictSame(shapes, ['10 true false', '10 true false', '5 false true', '0 false true'])
})

t.test('an event goes through the whole envelope', async (t) => {
  const { store, feed, cursors } = await feedHarness(t)
  const recorder = recordingSink()
  subscribe(feed, recorder.sink)
  await settle(feed, store)
  await write(store, { id: 'p9' })
  await settle(feed, store)
  const [stored] = (await store.readAll({ after: 0, limit: 1 })).events as [StoredEvent]
  t.strictSame(JSON.parse(String(recorder.frames[0])), {
    specversion: '1.0',
    id: `evt_${stored.eventId}`,
    source: `/tenants/${TENANT}`,
    type: 'pet.updated',
    subject: 'pets/p9',
    time: '2026-08-22T10:00:00.000Z',
    recordedtime: stored.recordedAt,
    datacontenttype: 'application/json',
    dataschema: `https://petstoreapi.com/schemas/pet.updated/${String(stored.schemaVersion)}`,
    sequence: '00000000000000000001',
    cursor: cursors.encode(TENANT, 1),
    partitionkey: 'p9',
    correlationid: 'c1',
    actorkind: 'user',
    actorid: 'u1',
    data: stored.data,
  })
})
