// The peers of reading: a fastify route that answers a constant (CONSTANT, base64), and a plain fastify
// + pg route that runs the same SQL as the product, without authentication, limits, cache, validation,
// entity tags or compression.
import fastify from 'fastify'
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { tenantIdSchema } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { createPetQueries } from '../../src/projections/pets/queries.ts'
import type { PetFilter, PetQuery, PetSort } from '../../src/projections/pets/query-types.ts'

const constant = Buffer.from(process.env['CONSTANT'] ?? '', 'base64')
const url = process.env['BENCH_DATABASE_URL'] ?? ''
const database = createDatabase({
  url,
  maxConnections: 16,
  statementTimeoutMs: 10_000,
  plansOnce: true, // as ours: what is compared is what stands around the SQL
  applicationName: 'peer',
  logger: silentLogger,
})
const pets = createPetQueries({ database, scans: database, publicUrl: 'http://peer' })

type Asked = Readonly<Record<string, string | undefined>>

const queryOf = (asked: Asked): PetQuery => {
  const filter: PetFilter = {
    status: ['AVAILABLE'],
    ...(asked['species'] === undefined ? {} : { species: [asked['species']] }),
    ...(asked['size'] === undefined ? {} : { size: [asked['size']] }),
    ...(asked['goodWithKids'] === undefined
      ? {}
      : { goodWithKids: asked['goodWithKids'] === 'true' }),
    ...(asked['ageMin'] === undefined ? {} : { ageMin: Number(asked['ageMin']) }),
    ...(asked['ageMax'] === undefined ? {} : { ageMax: Number(asked['ageMax']) }),
    ...(asked['breed'] === undefined ? {} : { breed: asked['breed'] }),
    ...(asked['shelterId'] === undefined ? {} : { shelterId: asked['shelterId'] }),
    ...(asked['q'] === undefined ? {} : { q: asked['q'] }),
  }
  const sorted = asked['sort'] ?? (asked['q'] === undefined ? '-createdAt' : '-relevance')
  const field = sorted.replace('-', '') as PetSort['field']
  const sort: PetSort = { field, order: sorted.startsWith('-') ? 'DESC' : 'ASC' }
  const paging = {
    kind: 'page',
    page: Number(asked['page'] ?? 1),
    limit: Number(asked['limit'] ?? 20),
  } as const
  return { filter, sort, paging, facets: [], extras: false }
}

const app = fastify()
app.get('/constant', (_request, reply) =>
  reply.header('content-type', 'application/json; charset=utf-8').send(constant),
)
app.get<{ Querystring: Asked }>('/v1/pets', async (request, reply) => {
  const query = queryOf(request.query)
  const tenantId = tenantIdSchema.parse(request.headers['x-tenant-id'])
  const found = await pets.search(tenantId, query)
  if (found.kind !== 'page') throw new Error('bad cursor')
  const { items, totalItems } = found.page
  const { page, limit } = query.paging as { page: number; limit: number }
  const totalPages = Math.ceil(totalItems / limit)
  reply.header('content-type', 'application/json; charset=utf-8')
  return `{"data":[${items.join(',')}],"pagination":${JSON.stringify({ page, limit, totalItems, totalPages })}}`
})
process.stdout.write(`listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.once('SIGTERM', () => void app.close().then(() => database.close()))
