// Seeded requests made from the published documents, over real sockets, on every operation: never a
// 5xx, never a hang, every answer a documented one in its documented shape. `npm run bench -- fuzz`
// sends many more.
import t from 'tap'
import { tenantIdSchema } from '../../../../src/core/ids.ts'
import { type Document } from '../../../support/fuzz/requests.ts'
import { runFuzz } from '../../../support/fuzz/run.ts'
import { makeWorld } from '../../../support/fuzz/world.ts'
import { responseCheckOf } from '../../../support/response-check.ts'
import { testApp } from '../../../support/app.ts'

const SEED = 20_261_122
const REQUESTS = 2_000
const REQUEST_TIMEOUT_MS = 1_000

void t.test('whatever is asked, the answer is a documented one', async (t) => {
  const { app, ports } = await testApp(t, { settings: { requestTimeoutMs: REQUEST_TIMEOUT_MS } })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const read = async (path: string): Promise<Document> => (await app.inject(path)).json<Document>()
  const documents = [await read('/v1/openapi.json'), await read('/classic/openapi.json')]
  const world = await makeWorld({
    url,
    issuer: ports.issuer,
    tenantId: tenantIdSchema.parse(ports.ids()),
  })
  const report = await runFuzz({
    ...{ url, documents, world, requests: REQUESTS, seed: SEED },
    check: responseCheckOf(documents as unknown as Parameters<typeof responseCheckOf>[0]),
  })
  t.comment(JSON.stringify({ ...report, faults: report.faults.length, seed: SEED }))
  t.strictSame(report.faults, [])
  t.equal(report.requests, REQUESTS)
  const answered = Object.keys(report.statuses).map(Number)
  for (const status of [200, 400, 401, 403, 404, 405, 408, 415, 422])
    t.ok(answered.includes(status))
})
