// Signals on a real server: each listener of a channel hears, a broken connection comes back and
// says so.
import t, { type Test } from 'tap'
import { APP_ROLE } from '../../../src/adapters/postgres/connection.ts'
import { createNotifications } from '../../../src/adapters/postgres/notifications.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { soon } from '../../contracts/event-store/support.ts'
import { testDatabase } from '../../support/database.ts'

const open = async (t: Test) => {
  const { url, admin } = await testDatabase(t)
  const notifications = createNotifications({ url, role: APP_ROLE, logger: silentLogger })
  t.teardown(() => notifications.close())
  const notify = (channel: string, payload: string) =>
    admin.query('select pg_notify($1, $2)', [channel, payload])
  return { notifications, admin, notify }
}

/** Payloads in the order they came; `next` waits for one more. */
const collect = () => {
  const payloads: string[] = []
  const waiting: (() => void)[] = []
  return {
    payloads,
    onSignal: (payload: string): void => {
      payloads.push(payload)
      for (const wake of waiting.splice(0)) wake()
    },
    reaches: async (count: number): Promise<void> => {
      while (payloads.length < count) await soon(new Promise<void>((wake) => waiting.push(wake)))
    },
  }
}

t.test(
  'each listener of a channel hears its payloads in order, and those of no other channel',
  async (t) => {
    const { notifications, notify } = await open(t)
    const one = collect()
    const two = collect()
    const other = collect()
    await notifications.listen('pets', one.onSignal)
    await notifications.listen('pets', two.onSignal)
    await notifications.listen('orders', other.onSignal)
    for (const payload of ['1', '2']) await notify('pets', payload)
    await notify('orders', '3')
    await Promise.all([one.reaches(2), two.reaches(2), other.reaches(1)])
    t.strictSame([one.payloads, two.payloads, other.payloads], [['1', '2'], ['1', '2'], ['3']])
  },
)

t.test('who stopped listening hears nothing more', async (t) => {
  const { notifications, notify } = await open(t)
  const leaving = collect()
  const staying = collect()
  const stop = await notifications.listen('pets', leaving.onSignal)
  await notifications.listen('pets', staying.onSignal)
  await stop()
  await notify('pets', '1')
  await staying.reaches(1)
  t.strictSame(leaving.payloads, [])
})

t.test('after a reconnect every listener gets an empty payload, then signals again', async (t) => {
  const { notifications, notify, admin } = await open(t)
  const pets = collect()
  await notifications.listen('pets', pets.onSignal)
  await admin.query(`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'pawtrail notifications' and datname = current_database()`)
  await pets.reaches(1)
  await notify('pets', '1')
  await pets.reaches(2)
  t.strictSame(pets.payloads, ['', '1'])
})

t.test('a channel name that is not plain is refused', async (t) => {
  const { notifications } = await open(t)
  await t.rejects(
    notifications.listen('pets; drop table x', () => {}),
    RangeError,
  )
})

t.test('after close nobody can listen', async (t) => {
  const { notifications } = await open(t)
  await notifications.close()
  await t.rejects(
    notifications.listen('pets', () => {}),
    { code: 'database_unavailable' },
  )
})

t.test('a server that cannot be reached is database_unavailable', async (t) => {
  const notifications = createNotifications({
    url: 'postgres://postgres@127.0.0.1:1/none',
    logger: silentLogger,
  })
  t.teardown(() => notifications.close())
  await t.rejects(soon(notifications.listen('pets', () => {})), { code: 'database_unavailable' })
})
