// One suite for every work queue: it says when, and never forgets what it was told while something was worked.
import t, { type Test } from 'tap'
import { createBullWorkQueue } from '../../src/adapters/bullmq/work-queue.ts'
import { createMemoryWorkQueue } from '../../src/adapters/memory/work-queue.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger as logger } from '../../src/core/logger.ts'
import type { WorkQueue } from '../../src/core/work-queue.ts'
import { testDatabase } from '../support/database.ts'
import { until } from '../transports/webhooks/harness.ts'

const clock = () => Date.now()
const item = { tenantId: SHARED_TENANT, id: 'one' }
const other = { tenantId: SHARED_TENANT, id: 'other' }

const suite = (name: string, make: (t: Test) => Promise<WorkQueue>): void => {
  void t.test(name, async (t) => {
    const queue = await make(t)
    const worked: string[] = []
    const times: number[] = []
    let open = (): void => {}
    let gate: Promise<void> | undefined
    let again: number | undefined
    await queue.start(async ({ id }) => {
      worked.push(id)
      times.push(clock())
      await gate
      const answer = again
      again = undefined
      return answer
    })
    t.teardown(() => queue.stop())

    await t.test(
      'what is asked for many times while it is worked is worked once more',
      async (t) => {
        gate = new Promise((resolve) => (open = resolve))
        await queue.wake(item)
        await until(() => worked.length === 1, 'the first')
        for (let n = 0; n < 20; n += 1) await queue.wake(item)
        await queue.wake(other)
        await until(() => worked.length === 2, 'the other beside it')
        t.strictSame(worked, ['one', 'other'])
        open()
        gate = undefined
        await until(() => worked.length === 3, 'once more')
        t.strictSame(worked, ['one', 'other', 'one'])
      },
    )

    await t.test(
      'a later wish takes the place of the one before, and does not hold up a wake',
      async (t) => {
        worked.length = 0
        times.length = 0
        const dueAt = clock() + 400
        await queue.wakeAt(item, clock() + 60_000)
        await queue.wakeAt(item, dueAt)
        await queue.wake(other)
        await until(() => worked.length === 2, 'both')
        t.strictSame(worked, ['other', 'one'])
        t.ok((times[1] ?? 0) >= dueAt - 1, 'not before its time')
      },
    )

    await t.test('work that says when it wants to be done again is', async (t) => {
      worked.length = 0
      again = clock() + 50
      await queue.wake(item)
      await until(() => worked.length === 2, 'again')
      t.strictSame(worked, ['one', 'one'])
    })
  })
}

suite('in memory', async () => createMemoryWorkQueue({ clock, logger }))
suite('BullMQ on PostgreSQL', async (t) => {
  const { url } = await testDatabase(t)
  return createBullWorkQueue({ url, name: 'webhooks', clock, logger })
})

void t.test('who is alone does not wait for what a process that died was at', async (t) => {
  const { url } = await testDatabase(t)
  const options = { url, name: 'webhooks', clock, logger }
  let open = (): void => {}
  const gate = new Promise<undefined>((resolve) => (open = () => resolve(undefined)))
  const begun: string[] = []
  // As if it had died in the middle of its work: that never ends, and its lock lasts.
  const dead = await createBullWorkQueue(options)
  await dead.start(({ id }) => {
    begun.push(id)
    return gate
  })
  await dead.wake(item)
  await until(() => begun.length === 1, 'in the middle')
  const worked: string[] = []
  const next = await createBullWorkQueue({ ...options, isAlone: true })
  await next.start(async ({ id }) => void worked.push(id))
  t.teardown(async () => {
    open()
    await Promise.all([dead.stop(), next.stop()])
  })
  await next.wake(item)
  await until(() => worked.length + begun.length === 2, 'the work is taken up')
  t.strictSame([...begun, ...worked], ['one', 'one'])
})
