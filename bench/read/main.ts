// Reading: repeated and distinct searches over ten thousand and over a million pets, against a constant
// and against a plain route with the same SQL. Rounds alternate between the servers.
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { seededRandom } from '../../src/demo/random.ts'
import { installProjections } from '../../src/projections/install.ts'
import { projections } from '../../src/projections/registry.ts'
import { load, sound } from '../lib/load.ts'
import { startPawtrail, startPeer } from '../lib/processes.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report, type Row } from '../lib/table.ts'
import { fill } from './data.ts'
import { type Search, searches } from './queries.ts'

const quick = process.argv.includes('--quick')
const SIZES = quick ? [10_000, 100_000] : [10_000, 1_000_000]
const ROUNDS = quick ? 3 : 5
const DISTINCT = quick ? 1_000 : 2_000 // searches a round
const SECONDS = quick ? 3 : 5
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
  const shape = { connections: 32, pipelining: 4, seconds: SECONDS }
  for (let round = 0; round < ROUNDS; round += 1) {
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
      ratio: mine / ceiling,
      target: '>= 0.7',
    },
  ]
}

type Distinct = Readonly<{ ours: number; plain: number; oursP50Ms: number; rows: readonly Row[] }>

const distinct = async (ours: string, url: string, pets: number): Promise<Distinct> => {
  const peer = await startPeer(peerFile, { BENCH_DATABASE_URL: url })
  const random = seededRandom(pets)
  const rates = { ours: [] as number[], plain: [] as number[] }
  const shape = { connections: 8, amount: DISTINCT }
  const latencies: number[] = []
  for (const target of [ours, peer.url]) {
    await load({ url: target, requests: asRequests(searches(random, DISTINCT)), ...shape })
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    const list = searches(random, DISTINCT)
    const order = round % 2 === 0 ? [ours, peer.url] : [peer.url, ours]
    for (const target of order) {
      const result = sound(
        target,
        await load({ url: target, requests: asRequests(list), ...shape }),
      )
      ;(target === ours ? rates.ours : rates.plain).push(result.perSecond)
    }
    latencies.push(await medianLatency(ours, searches(random, DISTINCT)))
  }
  await peer.stop()
  const [mine, plain, p50] = [median(rates.ours), median(rates.plain), median(latencies)]
  const rows = [
    { what: `distinct searches, ${pets} pets`, value: `${Math.round(mine)} requests/s` },
    {
      what: '  plain fastify + pg, same SQL',
      value: `${Math.round(plain)} requests/s`,
      ratio: mine / plain,
      target: '>= 0.8',
    },
    { what: '  median, one at a time', value: `${p50.toFixed(2)} ms` },
  ]
  return { ours: mine, plain, oursP50Ms: p50, rows }
}

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
const medians: number[] = []
for (const pets of SIZES) {
  await withPostgres(async (url) => {
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
    const server = await startPawtrail(url)
    if (pets === SIZES[0]) rows.push(...(await repeated(server.url, url)))
    const result = await distinct(server.url, url, pets)
    rows.push(...result.rows)
    medians.push(result.oursP50Ms)
    await server.stop()
  })
}
const [small = Number.NaN, large = Number.NaN] = medians
rows.push({
  what: `median at ${SIZES[1]} against ${SIZES[0]} pets`,
  value: '',
  ratio: large / small,
  target: '<= 1.5',
})
await report('read', 'Reading GET /v1/pets', rows)
