// Appends through the adapter, 64 callers with one event each, against emmett on the same PostgreSQL
// and against a bare INSERT of the same rows in the same batch sizes over one connection. Rounds
// alternate, so that the machine's noise hits all of them.
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql'
import pg from 'pg'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../src/core/metrics.ts'
import { petAdmitted } from '../../src/events/pet.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report } from '../lib/table.ts'

const quick = process.argv.includes('--quick')
const CALLERS = 64
const EVENTS = quick ? 5_000 : 20_000
const EMMETT_EVENTS = quick ? 1_000 : 3_000
const ROUNDS = quick ? 2 : 5
const data = petAdmitted.sample
const ids = uuidV7(systemClock)

/** Events a second of `total` calls made by 64 callers, each waiting for its own. */
const rate = async (total: number, call: () => Promise<unknown>): Promise<number> => {
  let left = total
  const started = performance.now()
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (left-- > 0) await call()
    }),
  )
  return total / ((performance.now() - started) / 1000)
}

const bareTable = `create table bare_events (position bigint primary key, tenant_id text, category text, stream_id text,
  version int, event_id uuid, type text, schema_version smallint, data jsonb, metadata jsonb, occurred_at timestamptz,
  recorded_at timestamptz, unique (tenant_id, category, stream_id, version));
  create index on bare_events (tenant_id, position)`
const bareInsert = {
  name: 'bare',
  text: `insert into bare_events select p, 'shared', 'pet', s, 1, e, 'pet.admitted', 1, d::jsonb, m::jsonb, now(), now()
    from unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::text[]) as t (p, s, e, d, m)`,
}

const metadata = {
  actor: { kind: 'system', id: 'bench' },
  correlationId: ids(),
  causationId: null,
} as const

let position = 0
const bareRate = async (client: pg.Client, sizes: readonly number[]): Promise<number> => {
  const json = JSON.stringify(data)
  const meta = JSON.stringify(metadata)
  const started = performance.now()
  let rows = 0
  for (const size of sizes) {
    const each = Array.from({ length: size }, () => 0)
    const values = [
      each.map(() => ++position),
      each.map(() => ids()),
      each.map(() => ids()),
      each.map(() => json),
      each.map(() => meta),
    ]
    await client.query({ ...bareInsert, values })
    rows += size
  }
  return rows / ((performance.now() - started) / 1000)
}

await withPostgres(async (url) => {
  let sizes: number[] = []
  const metrics: Metrics = {
    ...noMetrics,
    observe: (name, value) => {
      if (name === 'pawtrail_append_batch_commands') sizes.push(value)
    },
  }
  const store = await createPostgresEventStore({
    url,
    logger: silentLogger,
    metrics,
    clock: systemClock,
  })
  const bare = new pg.Client({ connectionString: url })
  await bare.connect()
  await bare.query(bareTable)
  const emmett = getPostgreSQLEventStore(url)
  await emmett.appendToStream('warm-up', [{ type: 'pet.admitted', data }])

  const append = () =>
    store.append({
      stream: { tenantId: SHARED_TENANT, category: 'pet', id: ids() },
      expectedVersion: 0,
      metadata,
      events: [
        {
          eventId: ids(),
          type: 'pet.admitted',
          schemaVersion: 1,
          data,
          occurredAt: '2026-08-22T10:00:00.000Z',
        },
      ],
    })
  const emmettAppend = () => emmett.appendToStream(`pet-${ids()}`, [{ type: 'pet.admitted', data }])

  await rate(2_000, append)
  const rates = { pawtrail: [] as number[], bare: [] as number[], emmett: [] as number[] }
  let batches: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    sizes = []
    rates.pawtrail.push(await rate(EVENTS, append))
    rates.bare.push(await bareRate(bare, sizes))
    batches = [...batches, ...sizes]
    rates.emmett.push(await rate(EMMETT_EVENTS, emmettAppend))
  }
  const [ours, ceiling, peer] = [median(rates.pawtrail), median(rates.bare), median(rates.emmett)]
  const perSecond = (value: number): string => `${Math.round(value)} events/s`
  await report('append', `Append, ${CALLERS} callers, one event each`, [
    { what: 'pawtrail, postgres adapter', value: perSecond(ours) },
    {
      what: 'bare INSERT ... unnest, same batches',
      value: perSecond(ceiling),
      ratio: ours / ceiling,
      target: '>= 0.4',
    },
    { what: 'emmett-postgresql', value: perSecond(peer), ratio: ours / peer, target: '>= 8' },
    { what: 'commands a batch, median', value: String(median(batches)) },
  ])
  await emmett.close()
  await bare.end()
  await store.close()
})
