// `pawtrail reset` where the log is in another database than the read models; `pawtrail seed` with no server.
import t from 'tap'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { createTools } from '../../src/compose/tools.ts'
import { loadConfig } from '../../src/config.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { testDatabase } from '../support/database.ts'
import { dataFolder, run } from '../support/processes/program.ts'

t.test('the log is removed too, and not while a server writes to it', async (t) => {
  const readModels = await testDatabase(t)
  const log = await testDatabase(t)
  const settings = {
    ...{ DATABASE_URL: readModels.url, EVENT_STORE_URL: log.url },
    DATA_DIR: await dataFolder(t),
  }
  const schemas = async ({ admin }: typeof log) =>
    (await admin.query<{ name: string }>(SCHEMAS)).map(({ name }) => name)
  const reset = async () => {
    const program = run(t, ['cli', 'reset', '--yes'], settings)
    return { code: await program.ended, errors: program.errors() }
  }
  await log.admin.query(`set application_name = 'pawtrail appender'`)
  t.match(await reset(), { code: 75 })
  t.strictSame([await schemas(readModels), await schemas(log)], [BOTH, BOTH])
  await log.admin.query(`set application_name = 'pawtrail test'`)
  t.match(await reset(), { code: 0 })
  t.strictSame([await schemas(readModels), await schemas(log)], [[], []])
})

t.test('a tenant that has waiting lists is filled, more than once', async (t) => {
  const { url } = await testDatabase(t)
  const settings = { DATABASE_URL: url, DATA_DIR: await dataFolder(t), WAITING_LISTS: 'all' }
  const loaded = loadConfig(settings)
  if (loaded.kind !== 'loaded') throw new Error(JSON.stringify(loaded))
  const { config } = loaded
  const tools = createTools({ config, logger: silentLogger, ids: uuidV7(systemClock) })
  t.teardown(() => tools.close())
  for (const pets of [30, 20]) {
    t.match(await tools.seed({ tenantId: SHARED_TENANT, pets }), { pets })
  }
})

const BOTH = ['pawtrail', 'read']
const SCHEMAS = `select nspname as name from pg_namespace where nspname in ('pawtrail', 'read') order by 1`
