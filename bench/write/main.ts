// Writing POST /v1/pets durably, 64 connections, against a route that only validates and against a
// plain route with one INSERT. Rounds alternate between the servers.
import { setTimeout as delay } from 'node:timers/promises'
import { measured, type Measured } from '../lib/measured.ts'
import { startPawtrail, startPeer } from '../lib/processes.ts'
import { staffToken } from '../lib/token.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report } from '../lib/table.ts'

const quick = process.argv.includes('--quick')
// Short and many, so that what the machine does from minute to minute meets all three alike.
const ROUNDS = quick ? 4 : 14
const SECONDS = 2
const WARM_UP_SECONDS = 4 // until the compilers of all three have seen their routes often enough
const SETTLE_DEADLINE_MS = 30_000
const body = JSON.stringify({
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  color: 'Tabby',
  gender: 'FEMALE',
  goodWithKids: true,
  price: '75.00',
  currency: 'USD',
  description: 'A playful tabby who loves sunny windows.',
  status: 'AVAILABLE',
  medicalInfo: { spayedNeutered: true, vaccinated: true },
})

/** The read models follow while we write; what they have left to do is not to be done in the round of another. */
const settled = async (url: string): Promise<void> => {
  const deadline = AbortSignal.timeout(SETTLE_DEADLINE_MS)
  for (;;) {
    const answer = await fetch(`${url}/readyz`, { signal: deadline })
    if (((await answer.json()) as { lag?: number }).lag === 0) return
    await delay(20)
  }
}

await withPostgres(async (url) => {
  const server = await startPawtrail(url)
  const peer = await startPeer(new URL('./peer.ts', import.meta.url), { BENCH_DATABASE_URL: url })
  const token = await staffToken(server.dataDir)
  const targets = {
    ours: { server, path: '/v1/pets' },
    validate: { server: peer, path: '/validate' },
    insert: { server: peer, path: '/insert' },
  }
  const names = ['ours', 'validate', 'insert'] as const
  const runs: Record<(typeof names)[number], Measured[]> = { ours: [], validate: [], insert: [] }
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const run = (name: (typeof names)[number], seconds: number): Promise<Measured> => {
    const { server: target, path } = targets[name]
    const requests = [{ method: 'POST' as const, path, headers, body }]
    return measured(name, target, { connections: 64, seconds, requests })
  }
  for (const name of names) await run(name, WARM_UP_SECONDS)
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) {
      runs[name].push(await run(name, SECONDS))
      await settled(server.url)
    }
  }
  await peer.stop()
  await server.stop()
  const rateOf = (name: (typeof names)[number]): number =>
    median(runs[name].map(({ perSecond }) => perSecond))
  /** Each round against the same round of the other. */
  const ratioTo = (other: (typeof names)[number]): number =>
    median(
      runs.ours.map(({ perSecond }, round) => perSecond / (runs[other][round]?.perSecond ?? NaN)),
    )
  const value = (name: (typeof names)[number]): string =>
    `${Math.round(rateOf(name))} requests/s, ${Math.round(median(runs[name].map(({ cpuUs }) => cpuUs)))} us of its process each`
  await report('write', 'Writing POST /v1/pets, 64 connections', [
    { what: 'pawtrail, durable', value: value('ours') },
    {
      what: 'fastify, validates and stores nothing',
      value: value('validate'),
      ratio: ratioTo('validate'),
      target: '>= 0.4',
    },
    {
      what: 'fastify + pg, one INSERT a request',
      value: value('insert'),
      ratio: ratioTo('insert'),
      target: '>= 1.0',
    },
  ])
})
