// `pawtrail reset` where the log is in another database than the read models.
import t from 'tap'
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

const BOTH = ['pawtrail', 'read']
const SCHEMAS = `select nspname as name from pg_namespace where nspname in ('pawtrail', 'read') order by 1`
