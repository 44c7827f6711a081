// The peers of writing: a fastify route that validates the same body and stores nothing, and a plain
// fastify + pg route that validates and runs one INSERT of the row, committed durably on its own.
import fastify from 'fastify'
import pg from 'pg'
import { petCreateBody } from '../../src/transports/http/pets/body.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'

const pool = new pg.Pool({ connectionString: process.env['BENCH_DATABASE_URL'], max: 16 })
await pool.query(`create table if not exists plain_pets (id uuid primary key, tenant_id text not null,
  name text, species text, breed text, age_months int, price numeric, currency text, status text,
  body jsonb, created_at timestamptz default now())`)
const ids = uuidV7(systemClock)
const app = fastify()

const parse = (body: unknown) => petCreateBody.parse(body)

app.post('/validate', async (request, reply) => {
  const pet = parse(request.body)
  return reply.code(201).send({ id: ids(), ...pet })
})
app.post('/insert', async (request, reply) => {
  const pet = parse(request.body)
  const id = ids()
  await pool.query({
    name: 'insert',
    text: `insert into plain_pets (id, tenant_id, name, species, breed, age_months, price, currency, status, body)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      id,
      'shared',
      pet.name,
      pet.species,
      pet.breed,
      pet.ageMonths,
      pet.price,
      pet.currency,
      'AVAILABLE',
      JSON.stringify(pet),
    ],
  })
  return reply.code(201).send({ id, ...pet })
})
process.stdout.write(`listening at ${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.once('SIGTERM', () => void app.close().then(() => pool.end()))
