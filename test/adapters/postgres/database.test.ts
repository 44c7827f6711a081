// The SqlDatabase port over real PostgreSQL: value shapes, transactions, deadlines, and which errors become faults.
import t from 'tap'
import { createDatabase } from '../../../src/adapters/postgres/database.ts'
import { toFault } from '../../../src/adapters/postgres/connection.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { testDatabase } from '../../support/database.ts'

const options = {
  maxConnections: 2,
  statementTimeoutMs: 10_000,
  applicationName: 'database test',
  logger: silentLogger,
}

t.test('values come as the port promises', async (t) => {
  const { database } = await testDatabase(t, { migrated: false })
  const rows = await database.query(
    `select 9007199254740991::bigint as safe, array[1::bigint, null] as many,
            timestamptz '2026-08-22 12:00:00.123456+02' as at, timestamptz '2026-08-22 10:00:00Z' as whole,
            timestamptz '2026-08-22 10:00:00.5Z' as half, timestamptz 'infinity' as never,
            array[timestamptz '2026-08-22 10:00:00Z'] as times, date '2026-08-22' as day,
            $1::jsonb as data, 1.50::numeric as money, null::timestamptz as nothing`,
    [JSON.stringify({ a: [1] })],
  )
  t.strictSame(
    { ...(rows[0] as object) },
    {
      safe: 9007199254740991,
      many: [1, null],
      at: '2026-08-22T10:00:00.123Z',
      whole: '2026-08-22T10:00:00.000Z',
      half: '2026-08-22T10:00:00.500Z',
      never: 'infinity',
      times: ['2026-08-22T10:00:00.000Z'],
      day: '2026-08-22',
      data: { a: [1] },
      money: '1.50',
      nothing: null,
    },
  )
})

t.test('a named statement is planned once where that is asked for', async (t) => {
  const { url } = await testDatabase(t, { migrated: false })
  const database = createDatabase({ ...options, url, maxConnections: 1, plansOnce: true })
  t.teardown(database.close)
  const statement = { name: 'few', text: 'select n from generate_series(1, 9) n limit $1::bigint' }
  for (const limit of [1, 2, 3]) t.equal((await database.query(statement, [limit])).length, limit)
  t.strictSame(
    await database.query(
      "select custom_plans, generic_plans from pg_prepared_statements where name = 'few'",
    ),
    [{ custom_plans: 0, generic_plans: 3 }],
  )
})

t.test('a bigint that a number cannot hold is refused, not rounded', async (t) => {
  const { database } = await testDatabase(t, { migrated: false })
  await t.rejects(database.query('select 9007199254740993::bigint'), { message: /safe range/ })
  t.strictSame(await database.query('select 1 as still'), [{ still: 1 }])
})

t.test('a session works in UTC, under the role and the time limits it was given', async (t) => {
  const { url, admin } = await testDatabase(t, { migrated: false })
  const role = `pawtrail_test_role_${process.pid}`
  await admin.query(`create role ${role}`)
  t.teardown(() => admin.query(`drop role ${role}`))
  const database = createDatabase({
    ...options,
    url: `${url}${url.includes('?') ? '&' : '?'}options=-c%20geqo%3Doff`,
    role,
  })
  t.teardown(database.close)
  const [row] = await database.query(
    `select current_user as who, current_setting('TimeZone') as zone, current_setting('geqo') as own,
            current_setting('statement_timeout') as statement,
            current_setting('idle_in_transaction_session_timeout') as idle`,
  )
  t.strictSame(row, { who: role, zone: 'UTC', own: 'off', statement: '10s', idle: '30s' })
  await database.close()
})

t.test('a named statement is prepared once per connection', async (t) => {
  const { database } = await testDatabase(t, { migrated: false })
  const statement = { name: 'add_one', text: 'select $1::int + 1 as sum' }
  const prepared = await database.transaction(async (tx) => {
    t.strictSame(await tx.query(statement, [1]), [{ sum: 2 }])
    t.strictSame(await tx.query(statement, [2]), [{ sum: 3 }])
    return tx.query('select name from pg_prepared_statements')
  })
  t.strictSame(prepared, [{ name: 'add_one' }])
})

for (const pipeline of [false, true]) {
  t.test(`a transaction is kept whole or not at all (pipeline ${pipeline})`, async (t) => {
    const { url, admin } = await testDatabase(t, { migrated: false })
    await admin.query('create table kept (n int primary key)')
    const database = createDatabase({ ...options, url, pipeline })
    t.teardown(database.close)
    const count = async (): Promise<unknown> =>
      (await admin.query('select count(*) as n from kept'))[0]

    await database.transaction((tx) => tx.query('insert into kept values (1)'))
    t.strictSame(await count(), { n: 1 })

    const refusal = new Error('changed my mind')
    await t.rejects(
      database.transaction(async (tx) => {
        await tx.query('insert into kept values (2)')
        throw refusal
      }),
      refusal,
    )
    t.strictSame(await count(), { n: 1 }, 'a throw rolls back')

    await t.rejects(
      database.transaction(async (tx) => {
        await tx.query('insert into kept values (2)')
        await tx.query('insert into kept values (1)').catch(() => {})
      }),
      { message: /was rolled back/ },
      'a failure that nobody listened to is not reported as a commit',
    )
    t.strictSame(await count(), { n: 1 })
  })
}

t.test('a transaction refuses a statement after its end', async (t) => {
  const { database } = await testDatabase(t, { migrated: false })
  const leaked = await database.transaction(async (tx) => tx)
  await t.rejects(leaked.query('select 1'), { message: /transaction is over/ })
})

t.test('pipelined statements of a transaction may be sent together', async (t) => {
  const { url } = await testDatabase(t, { migrated: false })
  const database = createDatabase({ ...options, url, pipeline: true })
  t.teardown(database.close)
  const answers = await database.transaction((tx) =>
    Promise.all([1, 2, 3].map((n) => tx.query('select $1::int as n', [n]))),
  )
  t.strictSame(answers.flat(), [{ n: 1 }, { n: 2 }, { n: 3 }])
})

t.test('a refusal of the server keeps its SQLSTATE', async (t) => {
  const { database } = await testDatabase(t, { migrated: false })
  await t.rejects(database.query('select 1 / 0'), { code: '22012' })
})

t.test('a statement over its time is deadline_exceeded, and the connection works on', async (t) => {
  const { url } = await testDatabase(t, { migrated: false })
  const database = createDatabase({ ...options, url, maxConnections: 1, statementTimeoutMs: 100 })
  t.teardown(database.close)
  const [before] = await database.query('select pg_backend_pid() as pid')
  await t.rejects(database.query('select pg_sleep(30)'), { code: 'deadline_exceeded' })
  const [after] = await database.query('select pg_backend_pid() as pid')
  t.strictSame(after, before)
})

t.test(
  'a broken connection is database_unavailable, and the next call gets another one',
  async (t) => {
    const { url, admin } = await testDatabase(t, { migrated: false })
    const database = createDatabase({ ...options, url, maxConnections: 1 })
    t.teardown(database.close)
    await t.rejects(
      database.transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
        await admin.query('select pg_terminate_backend($1, 5000)', [row?.pid])
        await tx.query('select 1')
      }),
      { code: 'database_unavailable' },
    )
    t.strictSame(await database.query('select 1 as again'), [{ again: 1 }])
  },
)

t.test('an idle connection that breaks does not end the process', async (t) => {
  const { url, admin } = await testDatabase(t, { migrated: false })
  const warned: string[] = []
  let warn = (): void => {}
  const noticed = new Promise<void>((resolve) => {
    warn = resolve
  })
  const logger = {
    ...silentLogger,
    warn: (_fields: unknown, message: string) => {
      warned.push(message)
      warn()
    },
  }
  const database = createDatabase({ ...options, url, logger })
  t.teardown(database.close)
  const [row] = await database.query<{ pid: number }>('select pg_backend_pid() as pid')
  await admin.query('select pg_terminate_backend($1, 5000)', [row?.pid])
  await noticed
  t.match(warned, ['an idle database connection broke'])
  t.strictSame(await database.query('select 1 as again'), [{ again: 1 }])
})

t.test('no server, a full pool and a closed one are told apart', async (t) => {
  const nobody = createDatabase({
    ...options,
    url: 'postgres://postgres@/x?host=/tmp/no-such-folder',
  })
  t.teardown(nobody.close)
  await t.rejects(nobody.query('select 1'), { code: 'database_unavailable' })
  const { url } = await testDatabase(t, { migrated: false })
  const database = createDatabase({ ...options, url })
  await database.close()
  await t.rejects(database.query('select 1'), { code: 'database_unavailable' })
  t.match(toFault(new Error('timeout exceeded when trying to connect')), {
    code: 'deadline_exceeded',
  })
})
