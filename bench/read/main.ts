// Reading: repeated and distinct searches over ten thousand and over a million pets, against a constant
// and against a plain route with the same SQL. Rounds alternate between the servers.
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { seededRandom } from '../../src/demo/random.ts'
import { installProjections } from '../../src/projections/install.ts'
import { projections } from '../../src/projections/registry.ts'
import { load, sound } from '../lib/load.ts'
import { type RunningServer, startPawtrail, startPeer } from '../lib/processes.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report, type Row } from '../lib/table.ts'
import { fill } from './data.ts'
import { type Search, searches } from './queries.ts'

const quick = process.argv.includes('--quick')
const SIZES = quick ? [10_000, 100_000] : [10_000, 1_000_000]
const ROUNDS = quick ? 3 : 5
const DISTINCT = quick ? 1_000 : 2_000 // searches a round
// Of repeated searches: short and many, so that what the machine does from minute to minute meets both servers alike.
const SHORT = quick ? { rounds: 5, seconds: 1 } : { rounds: 15, seconds: 2 }
const peerFile = new URL('./peer.ts', import.meta.url)

const asRequests = (list: readonly Search[]) =>
  list.map(({ path, tenant }) => ({
    method: 'GET' as const,
    path,
    headers: { 'x-tenant-id': tenant },
  }))

const repeated = async (ours: string, url: string): Promise<readonly Row[]> => {
  const path = '/v1/pets?species=DOG&limit=20'
  const [search] = searches(seededRandom(1), 1)
  const headers = { 'x-tenant-id': search?.tenant ?? '' }
  const body = Buffer.from(await (await fetch(ours + path, { headers })).arrayBuffer())
  const peer = await startPeer(peerFile, {
    CONSTANT: body.toString('base64'),
    BENCH_DATABASE_URL: url,
  })
  const rates = { ours: [] as number[], constant: [] as number[] }
  const shape = { connections: 32, pipelining: 4, seconds: SHORT.seconds }
  for (let round = 0; round < SHORT.rounds; round += 1) {
    const mine = await load({ url: ours, requests: [{ method: 'GET', path, headers }], ...shape })
    const theirs = await load({
      url: peer.url,
      requests: [{ method: 'GET', path: '/constant', headers }],
      ...shape,
    })
    rates.ours.push(sound('pawtrail', mine).perSecond)
    rates.constant.push(sound('constant', theirs).perSecond)
  }
  await peer.stop()
  const [mine, ceiling] = [median(rates.ours), median(rates.constant)]
  return [
    { what: `repeated search, ${body.length} bytes`, value: `${Math.round(mine)} requests/s` },
    {
      what: '  constant from fastify',
      value: `${Math.round(ceiling)} requests/s`,
      ratio: ratioOf(rates.ours, rates.constant),
      target: '>= 0.7',
    },
  ]
}

/** A database of so many pets, the product on it, and the plain route. */
type Side = Readonly<{ pets: number; ours: RunningServer; peer: RunningServer }>
type Rounds = Readonly<{ ours: number[]; plain: number[]; p50Ms: number[] }>

// All sizes stand side by side and take turns: what this machine does from minute to minute then meets all alike.
const distinct = async (sides: readonly Side[]): Promise<readonly Rounds[]> => {
  const random = seededRandom(SIZES.length)
  const shape = { connections: 8, amount: DISTINCT }
  const next = () => asRequests(searches(random, DISTINCT))
  for (const { ours, peer } of sides) {
    for (const { url } of [ours, peer]) await load({ url, requests: next(), ...shape })
  }
  const all = sides.map((): Rounds => ({ ours: [], plain: [], p50Ms: [] }))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, { ours, peer }] of sides.entries()) {
      const requests = next()
      const rounds = all[index] as Rounds
      for (const server of round % 2 === 0 ? [ours, peer] : [peer, ours]) {
        const { perSecond } = sound(server.url, await load({ url: server.url, requests, ...shape }))
        ;(server === ours ? rounds.ours : rounds.plain).push(perSecond)
      }
      rounds.p50Ms.push(await medianLatency(ours.url, searches(random, DISTINCT)))
    }
  }
  return all
}

/** Each round against the same round of the other. */
const ratioOf = (mine: readonly number[], theirs: readonly number[]): number =>
  median(mine.map((value, round) => value / (theirs[round] ?? Number.NaN)))

const rowsOf = ({ pets }: Side, { ours, plain, p50Ms }: Rounds): readonly Row[] => [
  { what: `distinct searches, ${pets} pets`, value: `${Math.round(median(ours))} requests/s` },
  {
    what: '  plain fastify + pg, same SQL',
    value: `${Math.round(median(plain))} requests/s`,
    ratio: ratioOf(ours, plain),
    target: '>= 0.8',
  },
  { what: '  median, one at a time', value: `${median(p50Ms).toFixed(2)} ms` },
]

const medianLatency = async (url: string, list: readonly Search[]): Promise<number> => {
  const times: number[] = []
  for (const { path, tenant } of list) {
    const started = performance.now()
    // As the load generator asks: compression is not what is measured.
    const answer = await fetch(url + path, {
      headers: { 'x-tenant-id': tenant, 'accept-encoding': 'identity' },
    })
    await answer.arrayBuffer()
    times.push(performance.now() - started)
  }
  return median(times)
}

const rows: Row[] = []

const fillTimed = async (url: string, pets: number): Promise<void> => {
  // The server's own settings hold for what is measured; only the filling does without waiting for the disk.
  const unsynced = new URLSearchParams({ options: '-c synchronous_commit=off' }).toString()
  const database = createDatabase({
    url: `${url}${url.includes('?') ? '&' : '?'}${unsynced}`,
    maxConnections: 2,
    statementTimeoutMs: 600_000,
    applicationName: 'bench',
    logger: silentLogger,
  })
  const startedMs = performance.now()
  await fill(database, pets)
  const seconds = (performance.now() - startedMs) / 1_000
  rows.push({ what: `filling ${pets} pets`, value: `${seconds.toFixed(0)} s` })
  await installProjections(database, projections) // those of the other read models
  await database.close()
}

const withSides = async (
  sizes: readonly number[],
  work: (sides: readonly Side[]) => Promise<void>,
): Promise<void> => {
  const [pets, ...others] = sizes
  if (pets === undefined) return work([])
  await withPostgres(async (url) => {
    await fillTimed(url, pets)
    const ours = await startPawtrail(url)
    if (pets === SIZES[0]) rows.push(...(await repeated(ours.url, url)))
    const peer = await startPeer(peerFile, { BENCH_DATABASE_URL: url })
    await withSides(others, (sides) => work([{ pets, ours, peer }, ...sides]))
    await peer.stop()
    await ours.stop()
  })
}

await withSides(SIZES, async (sides) => {
  const all = await distinct(sides)
  for (const [index, side] of sides.entries()) rows.push(...rowsOf(side, all[index] as Rounds))
  rows.push({
    what: `median at ${SIZES[1]} against ${SIZES[0]} pets`,
    value: '',
    ratio: ratioOf(all[1]?.p50Ms ?? [], all[0]?.p50Ms ?? []),
    target: '<= 1.5',
  })
})
await report('read', 'Reading GET /v1/pets', rows)
