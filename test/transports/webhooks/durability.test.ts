// What an endpoint is owed outlasts receivers that are down and processes that die, and costs no row a message.
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { releaseWebhookLeases } from '../../../src/adapters/postgres/webhook-store/leases.ts'
import type { StoredEvent } from '../../../src/core/event.ts'
import { MAX_ATTEMPTS_KEPT } from '../../../src/core/webhooks.ts'
import { definitionOf } from '../../../src/events/registry.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import { type Received, startReceiver } from '../../support/receiver.ts'
import { WEBHOOK_LIMITS } from '../../../src/transports/webhooks/limits.ts'
import { idsOf, TENANT, until, type WebhookRig, webhookRig } from './harness.ts'

const OWED = Number(process.env['PAWTRAIL_TEST_OWED'] ?? 2_000)
const newId = uuidV7(() => Date.now())

const PER_STREAM = 5

/** Each five of a stream of their own. */
const writeMany = async ({ eventStore, context }: WebhookRig, count: number): Promise<void> => {
  const data = definitionOf('pet.updated')?.sample as StoredEvent['data']
  const { actor, correlationId } = context
  const append = () =>
    eventStore.append({
      stream: { tenantId: TENANT, category: 'pet', id: newId() },
      expectedVersion: 0,
      events: Array.from({ length: PER_STREAM }, () => ({
        ...{ eventId: newId(), type: 'pet.updated', schemaVersion: 1, data },
        occurredAt: '2026-08-22T10:00:00.000Z',
      })),
      metadata: { actor, correlationId, causationId: null },
    })
  for (let done = 0; done < count; done += 100) {
    await Promise.all(Array.from({ length: 100 / PER_STREAM }, append))
  }
}

const TABLES = ['endpoints', 'blocked', 'dead', 'replays', 'attempts', 'secrets']
const rowsOf = async ({ database }: WebhookRig): Promise<number> => {
  const counts = TABLES.map((table) => `(select count(*) from pawtrail.webhook_${table})`)
  const [row] = await database.query<{ all: number }>(`select ${counts.join(' + ')} as all`)
  return row?.all ?? 0
}

const NOTHING: Pick<Received, 'headers' | 'body'> = { headers: {}, body: '' }

void t.test(
  'what is owed to a dead endpoint adds no row a message, and all of it arrives at last',
  async (t) => {
    const rig = await webhookRig(t)
    let isDown = true
    const receiver = await startReceiver(t, {
      answer: (response) => response.writeHead(isDown ? 503 : 204).end(),
    })
    const { id } = await rig.register({ url: receiver.url })
    await writeMany(rig, 400)
    const handle = await rig.start()
    const turns = async (count: number): Promise<void> => {
      for (let turn = 0; turn < count; turn += 1) {
        await handle.settled()
        rig.clock.advance(15 * 60_000)
      }
      await handle.settled()
    }
    await until(() => receiver.received.length > 0, 'the first attempts')
    await turns(12)
    const before = await rowsOf(rig)
    const attempts = receiver.received.length
    await writeMany(rig, OWED)
    await handle.settled()
    const after = await rowsOf(rig)
    // An attempt is a row of the log of attempts, and may block a stream: what was owed adds nothing.
    const tried = receiver.received.length - attempts
    t.ok(after - before <= 2 * tried, `${before} rows, then ${after} after ${tried} attempts`)
    t.ok(tried <= WEBHOOK_LIMITS.windowEvents, `${tried} attempts`)
    t.ok(after < 150, `${after} rows for ${OWED + 400} events`)
    const standing = await rig.store.standing(TENANT, id)
    t.ok((standing?.blocked ?? Infinity) <= WEBHOOK_LIMITS.windowEvents)
    t.ok((standing?.health.openUntilMs ?? 0) > rig.clock(), 'it is left alone')
    isDown = false
    const total = OWED + 400
    const arrived = () => new Set(receiver.received.slice(attempts).map(({ body }) => body)).size
    for (let turn = 0; turn < 40 && arrived() < total; turn += 1) await turns(10)
    await until(() => arrived() >= total, `all ${total}, of which there are ${arrived()}`)
    await handle.settled()
    t.equal((await rig.store.standing(TENANT, id))?.blocked, 0)
  },
)

void t.test(
  'a process that dies in the middle loses nothing, and no more than a window is sent again',
  async (t) => {
    const rig = await webhookRig(t)
    const receiver = await startReceiver(t)
    await rig.register({ url: receiver.url, mode: 'strict' })
    await writeMany(rig, 200)
    let commits = 0
    const dying = {
      ...rig.store,
      // As if the process had ended: what came of a window, and the lease, are never stored.
      commit: (...given: Parameters<typeof rig.store.commit>) => {
        commits += 1
        return commits > 3 ? Promise.reject(new Error('killed')) : rig.store.commit(...given)
      },
      release: () => Promise.resolve(),
    }
    const first = await rig.start({}, { store: dying })
    await until(() => commits > 3, 'the fourth window')
    await first.stop()
    await until(async () => (await receiver.connections()) === 0, 'the last that it sent')
    const sentBefore = idsOf(receiver.received)
    // The lease of the dead is as old as it may get.
    await rig.database.query(
      `update pawtrail.webhook_endpoints set lease_until = now() - interval '1 s'`,
    )
    const second = await rig.start()
    await until(() => new Set(idsOf(receiver.received)).size === 200, 'all of them')
    await second.settled()
    const again = idsOf(receiver.received).slice(sentBefore.length)
    const repeated = again.filter((n) => sentBefore.includes(n))
    t.strictSame(repeated, sentBefore.slice(-repeated.length), 'the newest of those before')
    t.ok(repeated.length > 0 && repeated.length <= WEBHOOK_LIMITS.windowEvents)
    t.strictSame(
      again,
      [...again].sort((a, b) => a - b),
      'in the order of the log',
    )
  },
)

void t.test('in strict mode nothing overtakes an event that failed', async (t) => {
  const rig = await webhookRig(t)
  let failures = 2
  const receiver = await startReceiver(t, {
    answer: (response, { body }) => {
      const fails = body.includes('pets/bad') && failures-- > 0
      response.writeHead(fails ? 500 : 204).end()
    },
  })
  await rig.register({ url: receiver.url, mode: 'strict' })
  const written = [await rig.pet('a'), await rig.pet('bad'), await rig.pet('b'), await rig.pet('c')]
  const handle = await rig.start()
  await until(() => receiver.received.length === 2, 'up to the one that fails')
  await handle.settled()
  t.equal(receiver.received.length, 2)
  for (const gapMs of [5_000, 30_000]) {
    rig.clock.advance(gapMs)
    await handle.settled()
  }
  await until(() => receiver.received.length === 6, 'all of them')
  const [a, bad, b, c] = written
  t.strictSame(idsOf(receiver.received), [a, bad, bad, bad, b, c])
})

void t.test('both secrets sign while they overlap, and one afterwards', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t)
  const { id, secret } = await rig.register({ url: receiver.url })
  const rotated = await rig.webhooks.rotateSecret(rig.context, id, { overlapMs: 60_000 })
  const newer = rotated.secret ?? ''
  await rig.pet('p1')
  const handle = await rig.start()
  await until(() => receiver.received.length === 1, 'the first')
  const signedBy = (index: number, by: string): boolean => {
    const { headers, body } = receiver.received[index] ?? NOTHING
    const at = new Date(Number(headers['webhook-timestamp']) * 1_000)
    const signature = new Webhook(by).sign(String(headers['webhook-id']), at, body)
    return String(headers['webhook-signature']).split(' ').includes(signature)
  }
  t.strictSame([signedBy(0, secret), signedBy(0, newer)], [true, true])
  rig.clock.advance(60_001)
  await rig.pet('p1')
  await until(() => receiver.received.length === 2, 'the second')
  await handle.settled()
  t.strictSame([signedBy(1, secret), signedBy(1, newer)], [false, true])
})

void t.test('an endpoint without a success for five days is disabled', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t, { answer: (response) => response.writeHead(500).end() })
  const { id } = await rig.register({ url: receiver.url })
  await writeMany(rig, 500)
  const handle = await rig.start()
  await until(() => receiver.received.length > 0, 'the first attempt')
  for (let hours = 0; hours < 125; hours += 5) {
    await handle.settled()
    t.equal((await rig.webhooks.get(TENANT, id))?.status, hours < 120 ? 'active' : 'disabled')
    rig.clock.advance(5 * 3_600_000)
  }
  await handle.settled()
  await until(async () => (await rig.webhooks.get(TENANT, id))?.status === 'disabled', 'disabled')
  t.match(await rig.webhooks.get(TENANT, id), { reason: 'nothing was delivered for five days' })
})

void t.test('a replay sends a part of the log once more, and a dry run counts it', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t)
  const { id } = await rig.register({ url: receiver.url })
  const written: number[] = []
  for (const name of ['a', 'b', 'a', 'c', 'a']) written.push(await rig.pet(name))
  const { engine } = await rig.start()
  await until(() => receiver.received.length === 5, 'all of them')
  const [first = 0, , , fourth = 0] = written
  const part = { kind: 'range', after: first, upTo: fourth } as const
  const all = { types: null, subjects: null }
  const dry = await engine.replay(TENANT, id, { what: part, ...all, isDryRun: true })
  t.match(dry, { kind: 'counted', events: 3, isWhole: true })
  const only = { types: ['pet.*'], subjects: ['pets/a'], isDryRun: false }
  t.match(await engine.replay(TENANT, id, { what: part, ...only }), { kind: 'started', events: 1 })
  await until(() => receiver.received.length === 6, 'one more')
  t.equal(idsOf(receiver.received)[5], written[2])
  const time = { kind: 'time', from: '2020-01-01T00:00:00Z', to: undefined } as const
  const byTime = await engine.replay(TENANT, id, { what: time, ...all, isDryRun: true })
  t.match(byTime, { events: 5 })
  const past = { ...time, to: '2020-01-02T00:00:00Z' }
  t.match(await engine.replay(TENANT, id, { what: past, ...all, isDryRun: true }), { events: 0 })
  const wrong = { types: ['???'], subjects: null, isDryRun: true }
  t.match(await engine.replay(TENANT, id, { what: part, ...wrong }), { kind: 'bad_types' })
  const other = { types: null, subjects: ['???'], isDryRun: true }
  t.match(await engine.replay(TENANT, id, { what: part, ...other }), { kind: 'bad_subjects' })
})

void t.test(
  'after a burst the log of attempts holds the newest of it, each once and in order',
  async (t) => {
    const rig = await webhookRig(t)
    const receiver = await startReceiver(t)
    const { id } = await rig.register({ url: receiver.url, mode: 'strict' })
    await writeMany(rig, MAX_ATTEMPTS_KEPT + 100)
    let [stores, logged] = [0, 0]
    const counting = {
      ...rig.store,
      commit: (...given: Parameters<typeof rig.store.commit>) => {
        stores += 1
        logged += Math.sign(given[1].attempts.length)
        return rig.store.commit(...given)
      },
    }
    const handle = await rig.start({}, { store: counting })
    await until(() => receiver.received.length === MAX_ATTEMPTS_KEPT + 100, 'all of them')
    await handle.settled()
    const log = await rig.store.attempts(TENANT, id, {
      ...{ before: undefined, limit: MAX_ATTEMPTS_KEPT },
    })
    t.strictSame(
      log.map(({ position }) => position),
      idsOf(receiver.received).slice(-MAX_ATTEMPTS_KEPT).reverse(),
    )
    t.ok(logged < stores / 2, 'while all went well, what was stored held no attempts')
  },
)

void t.test(
  'a lease of a process that is known to be dead is given to the next at once',
  async (t) => {
    const rig = await webhookRig(t)
    const { id } = await rig.register({ url: 'http://127.0.0.1:1/' })
    const leaseMs = 600_000
    t.match(await rig.store.acquire(TENANT, id, { owner: 'dead', leaseMs }), { fence: 1 })
    t.equal(await rig.store.acquire(TENANT, id, { owner: 'next', leaseMs }), 'busy')
    await releaseWebhookLeases(rig.database)
    t.match(await rig.store.acquire(TENANT, id, { owner: 'next', leaseMs }), { fence: 2 })
  },
)

void t.test('what a receiver has not answered yet is not stored as done', async (t) => {
  const rig = await webhookRig(t)
  let held = 0
  let answer = (): void => {}
  const receiver = await startReceiver(t, {
    answer: (response, { body }) => {
      const position = Number((JSON.parse(body) as { sequence: string }).sequence)
      if (held === 0 && receiver.received.length > 60) {
        held = position
        answer = () => response.writeHead(204).end()
      } else response.writeHead(204).end()
    },
  })
  await rig.register({ url: receiver.url })
  await writeMany(rig, 200)
  const stored: number[] = []
  const watched = {
    ...rig.store,
    commit: (...given: Parameters<typeof rig.store.commit>) => {
      stored.push(given[1].position)
      return rig.store.commit(...given)
    },
  }
  const handle = await rig.start({}, { store: watched })
  await until(() => receiver.received.length >= 75 && stored.length > 0, 'many after it')
  t.ok(held > 0)
  t.strictSame(
    stored.filter((position) => position >= held),
    [],
  )
  answer()
  await until(() => receiver.received.length === 200, 'all of them')
  await handle.settled()
  t.equal(stored.at(-1), await rig.eventStore.head())
})
