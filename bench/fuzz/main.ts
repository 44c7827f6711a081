// Some 20,000 seeded requests made from the published documents, against the built process: a 5xx, a hang or an answer that
// is not as documented ends it with an error. `--requests=N` and `--seed=N` say how many and which.
import { tenantIdSchema } from '../../src/core/ids.ts'
import type { Document } from '../../test/support/fuzz/requests.ts'
import { runFuzz } from '../../test/support/fuzz/run.ts'
import { makeWorld } from '../../test/support/fuzz/world.ts'
import { responseCheckOf } from '../../test/support/response-check.ts'
import { startPawtrail } from '../lib/processes.ts'
import { withPostgres } from '../lib/server.ts'
import { report } from '../lib/table.ts'
import { tokenIssuer } from '../lib/token.ts'

const numberOf = (name: string, fallback: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  return given === undefined ? fallback : Number(given.slice(name.length + 3))
}
const requests = numberOf('requests', process.argv.includes('--quick') ? 2_000 : 20_000)
const seed = numberOf('seed', 20_261_122)

await withPostgres(async (databaseUrl) => {
  const server = await startPawtrail(databaseUrl)
  const { url } = server
  const read = async (path: string) =>
    (await (await fetch(url + path)).json()) as Document & Parameters<typeof responseCheckOf>[0][0]
  const documents = [await read('/v1/openapi.json'), await read('/classic/openapi.json')]
  const world = await makeWorld({
    url,
    issuer: await tokenIssuer(server.dataDir),
    tenantId: tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a'),
  })
  const check = responseCheckOf(documents)
  const outcome = await runFuzz({ url, documents, world, requests, seed, check })
  await server.stop()
  const statuses = Object.entries(outcome.statuses).map(([status, count]) => `${status}: ${count}`)
  await report('fuzz', `Fuzz run from the published documents, seed ${seed}`, [
    { what: 'requests', value: String(outcome.requests) },
    { what: 'method and path pairs', value: String(outcome.operations) },
    { what: 'answers', value: statuses.join(', ') },
    {
      what: 'not as documented, 5xx or no answer',
      value: String(outcome.faults.length),
      target: '0',
    },
  ])
  for (const fault of outcome.faults) process.stdout.write(`${fault}\n`)
  if (outcome.faults.length > 0) process.exitCode = 1
})
