// Deliveries a second through the engine at concurrency 50, against bare undici posting a request of the engine's, head
// and body, over 50 connections to the same receiver; rounds alternate. And 100,000 events owed to an endpoint that is down: the rows
// that they add, and how fast they arrive once it is up.
import { createSecretBox } from '../../src/adapters/files/secret-box.ts'
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { createWebhookStore } from '../../src/adapters/postgres/webhook-store/store.ts'
import { systemClock as clock } from '../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { randomToken } from '../../src/adapters/system/random.ts'
import { createWebhooks } from '../../src/application/webhooks.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import type { StoredEvent } from '../../src/core/event.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger as logger } from '../../src/core/logger.ts'
import { noMetrics as metrics } from '../../src/core/metrics.ts'
import { definitionOf } from '../../src/events/registry.ts'
import { bundled } from '../lib/bundle.ts'
import { type RunningServer, startFlags, startPeer } from '../lib/processes.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report, type Row } from '../lib/table.ts'

const secretBox = createSecretBox({ directory: '', keys: [Buffer.alloc(32, 7)] })

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 5
const EVENTS = 20_000 // of a round
const OWED = quick ? 20_000 : 100_000
const AT_ONCE = 50
const PER_STREAM = 5
const APPENDS_AT_ONCE = 500
const DEAD_FOR_MS = 5_000
const DEADLINE_MS = 300_000

const ids = uuidV7(clock)
const context = {
  tenantId: SHARED_TENANT,
  actor: { kind: 'client', id: 'bench' },
  correlationId: 'bench',
} as const

type Rig = Awaited<ReturnType<typeof openRig>>

const openRig = async (url: string) => {
  const eventStore = await createPostgresEventStore({ url, logger, metrics, clock })
  const database = createDatabase({
    ...{ url, maxConnections: 4, statementTimeoutMs: 60_000, applicationName: 'bench', logger },
  })
  const webhookStore = createWebhookStore({ database, secretBox })
  const handler = createCommandHandler({ eventStore, ids })
  const webhooks = createWebhooks({ handler, eventStore, webhookStore, clock, ids, randomToken })
  return { eventStore, database, webhooks, webhookStore }
}

const write = async ({ eventStore }: Rig, count: number): Promise<void> => {
  const data = definitionOf('pet.updated')?.sample as StoredEvent['data']
  const append = async () => {
    const outcome = await eventStore.append({
      stream: { tenantId: SHARED_TENANT, category: 'pet', id: ids() },
      expectedVersion: 0,
      events: Array.from({ length: PER_STREAM }, () => ({
        ...{ eventId: ids(), type: 'pet.updated', schemaVersion: 1, data },
        occurredAt: '2026-08-22T10:00:00.000Z',
      })),
      metadata: { actor: context.actor, correlationId: 'bench', causationId: null },
    })
    if (outcome.kind !== 'appended') throw new Error(`the log answered ${outcome.kind}`)
  }
  for (let done = 0; done < count; done += APPENDS_AT_ONCE * PER_STREAM) {
    await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, append))
  }
}

const register = async ({ webhooks }: Rig, url: string, after: number): Promise<string> => {
  const result = await webhooks.register(context, {
    config: {
      ...{ url, events: ['pet.*'], description: null, format: 'cloudevents', mode: 'parallel' },
      ...{ visibility: 'public', subjects: null, maxInFlight: AT_ONCE, asymmetric: false },
    },
    after,
  })
  if (result.kind !== 'done') throw new Error('it was not registered')
  return result.id
}

const ask = async (url: string): Promise<void> => {
  await (await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })).text()
}

/** Told by the receiver: who asks it every few milliseconds takes of the time that is measured. */
const takenAll = (receiver: RunningServer, count: number): Promise<void> =>
  ask(`${receiver.url}/taken/${count}`)

type Measured = Readonly<{ perSecond: number; cpuUs: number }>

const measure = async (
  server: RunningServer,
  count: number,
  work: () => Promise<void>,
): Promise<Measured> => {
  const cpuBefore = server.cpuMs() ?? Number.NaN
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1_000
  const cpuMs = (server.cpuMs() ?? Number.NaN) - cpuBefore
  return { perSecond: count / seconds, cpuUs: (cpuMs * 1_000) / count }
}

const value = (runs: readonly Measured[]): string =>
  `${Math.round(median(runs.map(({ perSecond }) => perSecond)))} deliveries/s, ` +
  `${Math.round(median(runs.map(({ cpuUs }) => cpuUs)))} us of its process each`

/** Made by the connection itself. */
const OF_THE_CONNECTION = new Set(['host', 'connection', 'content-length'])

/** With the request that the receiver got first. */
const startBare = async (receiver: RunningServer): Promise<RunningServer> => {
  const got = (await (await fetch(`${receiver.url}/first`)).json()) as Readonly<{
    headers: Record<string, string>
    body: string
  }>
  const headers = Object.entries(got.headers).filter(([name]) => !OF_THE_CONNECTION.has(name))
  const env = {
    BENCH_RECEIVER: receiver.url,
    BENCH_CONNECTIONS: String(AT_ONCE),
    BENCH_REQUEST: JSON.stringify({ headers: Object.fromEntries(headers), body: got.body }),
  }
  return startPeer(await bundled(new URL('./bare.ts', import.meta.url)), env, startFlags())
}

const against = async (rig: Rig, parts: Parts): Promise<readonly Row[]> => {
  const { receiver, engine } = parts
  const from = await rig.eventStore.head()
  await write(rig, EVENTS)
  const through = async (): Promise<Measured> => {
    await ask(`${receiver.url}/reset`)
    let id = ''
    const run = await measure(engine, EVENTS, async () => {
      id = await register(rig, `${receiver.url}/`, from)
      await takenAll(receiver, EVENTS)
    })
    await rig.webhooks.remove(context, id, { reason: null })
    return run
  }
  await through()
  const bare = await startBare(receiver)
  const plainly = (): Promise<Measured> =>
    measure(bare, EVENTS, async () => void (await fetch(`${bare.url}/${EVENTS}`)))
  const runs: Record<'ours' | 'bare', Measured[]> = { ours: [], bare: [] }
  await plainly()
  for (let round = 0; round < ROUNDS; round += 1) {
    runs.ours.push(await through())
    runs.bare.push(await plainly())
  }
  await bare.stop()
  const rate = (of: readonly Measured[]): number => median(of.map(({ perSecond }) => perSecond))
  return [
    {
      what: `the engine, ${AT_ONCE} at once`,
      value: value(runs.ours),
      ratio: rate(runs.ours) / rate(runs.bare),
      target: '>= 0.5',
    },
    { what: `undici alone, ${AT_ONCE} connections`, value: value(runs.bare) },
  ]
}

const TABLES = ['endpoints', 'blocked', 'dead', 'replays', 'attempts', 'secrets']

const rowsOf = async ({ database }: Rig): Promise<number> => {
  const counts = TABLES.map((table) => `(select count(*) from pawtrail.webhook_${table})`)
  const [row] = await database.query<{ all: number }>(`select ${counts.join(' + ')} as all`)
  return row?.all ?? Number.NaN
}

const owed = async (rig: Rig, { receiver, engine }: Parts): Promise<readonly Row[]> => {
  await ask(`${receiver.url}/dead`)
  await ask(`${receiver.url}/reset`)
  const id = await register(rig, `${receiver.url}/`, await rig.eventStore.head())
  await write(rig, APPENDS_AT_ONCE * PER_STREAM)
  await new Promise((resolve) => setTimeout(resolve, DEAD_FOR_MS))
  const before = await rowsOf(rig)
  const startedAt = performance.now()
  await write(rig, OWED)
  const writeS = (performance.now() - startedAt) / 1_000
  await new Promise((resolve) => setTimeout(resolve, DEAD_FOR_MS))
  const after = await rowsOf(rig)
  await ask(`${receiver.url}/alive`)
  // From where it stopped, at once: without it the receiver is left alone until its time is over.
  const all = OWED + APPENDS_AT_ONCE * PER_STREAM
  await rig.webhooks.pause(context, id, { reason: null })
  const run = await measure(engine, all, async () => {
    await rig.webhooks.resume(context, id, { reason: null, after: null })
    await takenAll(receiver, all)
  })
  return [
    {
      what: `${OWED} owed to a dead endpoint, written in ${writeS.toFixed(1)} s`,
      value: `${after - before} rows more, ${after} in all`,
    },
    { what: 'and delivered when it is up', value: value([run]) },
  ]
}

type Parts = Readonly<{ receiver: RunningServer; engine: RunningServer }>

await withPostgres(async (url) => {
  const rig = await openRig(url)
  const receiver = await startPeer(new URL('./receiver.ts', import.meta.url), {})
  const bundle = await bundled(new URL('./engine.ts', import.meta.url))
  const engine = await startPeer(bundle, { BENCH_DATABASE_URL: url }, startFlags())
  const parts = { receiver, engine }
  try {
    const rows = [...(await against(rig, parts)), ...(await owed(rig, parts))]
    await report('webhooks', `Webhooks to one receiver, ${EVENTS} a round`, rows)
  } finally {
    for (const each of [engine, receiver]) await each.stop()
    await rig.eventStore.close()
    await rig.database.close()
  }
})
