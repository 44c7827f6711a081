// Migrations on real PostgreSQL: once, whole, in order, by one process at a time; and what stops a start.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { MIGRATIONS_DIRECTORY, testDatabase } from '../../support/database.ts'

const setUp = async (t: Test) => {
  const { url, admin } = await testDatabase(t, { migrated: false })
  const directory = await mkdtemp(path.join(tmpdir(), 'pawtrail-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const file = (name: string, text: string): Promise<void> =>
    writeFile(path.join(directory, name), text)
  await file('0001_first.sql', 'create table pawtrail.one (n int);')
  await file(
    '0002_second.sql',
    'create table pawtrail.two (n int); insert into pawtrail.two values (1);',
  )
  return {
    url,
    admin,
    directory,
    file,
    run: () => migrate({ url, directory, logger: silentLogger }),
  }
}

t.test('each file is applied once, in order', async (t) => {
  const { run, file, admin } = await setUp(t)
  t.strictSame((await run()).applied, ['0001_first.sql', '0002_second.sql'])
  t.strictSame((await run()).applied, [])
  await file('0003_third.sql', 'alter table pawtrail.two add column m int')
  t.strictSame((await run()).applied, ['0003_third.sql'])
  t.strictSame(await admin.query('select n, m from pawtrail.two'), [{ n: 1, m: null }])
})

t.test('processes that start together apply each file once', async (t) => {
  const { run } = await setUp(t)
  const results = await Promise.all([run(), run(), run()])
  t.strictSame(results.flatMap(({ applied }) => applied).sort(), [
    '0001_first.sql',
    '0002_second.sql',
  ])
})

t.test('a file that fails is undone whole and names its line; those before it stay', async (t) => {
  const { run, file, admin } = await setUp(t)
  await file(
    '0003_third.sql',
    'create table pawtrail.three (n int);\ncreate tabel pawtrail.four (n int);',
  )
  await t.rejects(run(), { message: /^migration 0003_third\.sql failed at line 2: syntax error/ })
  t.strictSame(
    await admin.query(
      "select to_regclass('pawtrail.two')::text as two, to_regclass('pawtrail.three') as three",
    ),
    [{ two: 'pawtrail.two', three: null }],
  )
  await file('0003_third.sql', 'create table pawtrail.three (n int)')
  t.strictSame(
    (await run()).applied,
    ['0003_third.sql'],
    'a file that was never applied may be put right',
  )
})

t.test('an applied file that was changed stops the start with its name', async (t) => {
  const { run, file } = await setUp(t)
  await run()
  await file('0001_first.sql', 'create table pawtrail.one (n bigint);')
  await t.rejects(run(), { message: /^migration 0001_first\.sql was changed after it was applied/ })
})

t.test('an applied file that is missing stops the start with its name', async (t) => {
  const { run, directory } = await setUp(t)
  await run()
  await rm(path.join(directory, '0001_first.sql'))
  await t.rejects(run(), { message: /^migration 0001_first\.sql was applied .* missing/ })
})

t.test('a database of a newer build is refused as such', async (t) => {
  const { run, directory } = await setUp(t)
  await run()
  await rm(path.join(directory, '0002_second.sql'))
  await t.rejects(run(), {
    message: /from a newer build: it has migration 0002_second\.sql .* ends at 0001_first\.sql/,
  })
})

t.test('a new file numbered before an applied one is refused', async (t) => {
  const { run, file, directory } = await setUp(t)
  await rename(path.join(directory, '0002_second.sql'), path.join(directory, '0003_second.sql'))
  await file('0002_middle.sql', 'select 1')
  await run()
  await file('0001_other.sql', 'select 1')
  await t.rejects(run(), { message: /have the same number/ })
  await rm(path.join(directory, '0001_other.sql'))
  await file('0000_zero.sql', 'select 1')
  await t.rejects(run(), { message: /^migration 0000_zero\.sql comes before 0003_second\.sql/ })
})

t.test('a hole in the numbers and a name of another form are refused', async (t) => {
  const { run, file, directory } = await setUp(t)
  await file('0004_fourth.sql', 'select 1')
  await t.rejects(run(), {
    message: /^migration 0003 is missing: 0004_fourth\.sql follows 0002_second\.sql/,
  })
  await rm(path.join(directory, '0004_fourth.sql'))
  await file('readme.sql', '')
  await t.rejects(run(), { message: /^migration readme\.sql must be named like/ })
})

t.test(
  'our own migrations apply to an empty database and make the role of the program',
  async (t) => {
    const { url, admin } = await testDatabase(t, { migrated: false })
    const result = await migrate({ url, directory: MIGRATIONS_DIRECTORY, logger: silentLogger })
    t.ok(result.applied.length > 0)
    t.equal(result.appRole, true)
    const names = await admin.query<{ name: string }>(
      'select name from pawtrail.migrations order by name',
    )
    t.strictSame(
      names.map(({ name }) => name),
      result.applied,
    )
  },
)
