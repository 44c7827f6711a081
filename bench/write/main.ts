// Writing POST /v1/pets durably, 64 connections, against a route that only validates and against a plain route with one INSERT.
// Rounds alternate between the servers.
import { load, sound } from '../lib/load.ts'
import { startPawtrail, startPeer } from '../lib/processes.ts'
import { staffToken } from '../lib/token.ts'
import { withPostgres } from '../lib/server.ts'
import { median, report } from '../lib/table.ts'

const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 5
const SECONDS = quick ? 3 : 5
const body = JSON.stringify({
  name: 'Luna', species: 'CAT', breed: 'Domestic Shorthair', ageMonths: 18, size: 'SMALL', color: 'Tabby', gender: 'FEMALE',
  goodWithKids: true, price: '75.00', currency: 'USD', description: 'A playful tabby who loves sunny windows.', status: 'AVAILABLE',
  medicalInfo: { spayedNeutered: true, vaccinated: true },
})

await withPostgres(async (url) => {
  const server = await startPawtrail(url)
  const peer = await startPeer(new URL('./peer.ts', import.meta.url), { BENCH_DATABASE_URL: url })
  const token = await staffToken(server.dataDir)
  const targets = {
    ours: { url: server.url, path: '/v1/pets' },
    validate: { url: peer.url, path: '/validate' },
    insert: { url: peer.url, path: '/insert' },
  }
  const rates = { ours: [] as number[], validate: [] as number[], insert: [] as number[] }
  const names = ['ours', 'validate', 'insert'] as const
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const run = (name: (typeof names)[number], seconds: number) => {
    const { url: target, path } = targets[name]
    return load({ url: target, connections: 64, seconds, requests: [{ method: 'POST', path, headers, body }] })
  }
  for (const name of names) sound(name, await run(name, 2))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of names) rates[name].push(sound(name, await run(name, SECONDS)).perSecond)
  }
  await peer.stop()
  await server.stop()
  const [ours, validate, insert] = [median(rates.ours), median(rates.validate), median(rates.insert)]
  const perSecond = (value: number): string => `${Math.round(value)} requests/s`
  await report('write', 'Writing POST /v1/pets, 64 connections', [
    { what: 'pawtrail, durable', value: perSecond(ours) },
    { what: 'fastify, validates and stores nothing', value: perSecond(validate), ratio: ours / validate, target: '>= 0.4' },
    { what: 'fastify + pg, one INSERT a request', value: perSecond(insert), ratio: ours / insert, target: '>= 1.0' },
  ])
})
