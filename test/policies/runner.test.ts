// The runner of a policy: strictly in order, nothing skipped, nothing done again that was done.
import t from 'tap'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Checkpoints } from '../../src/core/checkpoints.ts'
import { done } from '../../src/policies/policy.ts'
import { realWait, type Wait } from '../../src/policies/wait.ts'
import { append, until } from '../projections/support.ts'
import { nameOf, pet, renamed, setUp, SHARED } from './runner-rig.ts'

const counted = () => {
  let count = 0
  const wait: Wait = (delayMs, signal) => {
    count += 1
    return realWait(delayMs, signal)
  }
  return { wait, count: () => count }
}

t.test('every event is dealt with once, in the order of the log', async (t) => {
  const { write, start, seen, store } = setUp(t)
  await write(1, 'a', 'b')
  await append(store, pet(9), [{ type: 'pet.removed', data: {} }])
  start({ pageSize: 2 })
  await write(2, 'c')
  await write(1, 'd', 'e')
  await until('all are seen', () => seen.length >= 5)
  t.strictSame(seen, ['a', 'b', 'c', 'd', 'e'])
})

t.test('an event is not begun before the one before it has ended', async (t) => {
  let isBusy = false
  let overlaps = 0
  const { write, start, seen } = setUp(t, async () => {
    if (isBusy) overlaps += 1
    isBusy = true
    await new Promise((resolve) => setTimeout(resolve, 2))
    isBusy = false
    return done
  })
  await write(1, 'a', 'b', 'c')
  start()
  await until('all are seen', () => seen.length === 3)
  t.equal(overlaps, 0)
})

t.test(
  'after a restart it goes on from its checkpoint, and what it had done is not done again',
  async (t) => {
    const { write, start, seen } = setUp(t)
    await write(1, 'a', 'b')
    const first = start()
    await until('both are seen', () => seen.length === 2)
    await first.stop()
    await write(1, 'c')
    start({ owner: 'two' })
    await until('the third is seen', () => seen.includes('c'))
    t.strictSame(seen, ['a', 'b', 'c'])
  },
)

t.test('stopping in the middle of a page keeps what was done of it', async (t) => {
  let reached = (): void => {}
  const third = new Promise<void>((resolve) => (reached = resolve))
  const { write, start, seen, position } = setUp(t, async (event, tries) => {
    if (nameOf(event) !== 'c' || tries > 1) return done
    reached()
    return { kind: 'again', reason: 'not now' }
  })
  await write(1, 'a', 'b', 'c', 'd')
  const runner = start({ timing: { firstRetryMs: 60_000, longestRetryMs: 60_000 } })
  await third
  await runner.stop()
  t.equal(await position(), 2)
  start({ owner: 'look' })
  await until('it went on', () => seen.includes('d'))
  t.strictSame(seen, ['a', 'b', 'c', 'c', 'd'])
})

t.test('a delayed policy sees an event only once it is old enough', async (t) => {
  let nowMs = systemClock()
  const ages: number[] = []
  const { write, start, seen } = setUp(
    t,
    async (event) => {
      ages.push(nowMs - Date.parse(event.recordedAt))
      return done
    },
    { delayMs: 60_000 },
  )
  await write(1, 'a')
  const waits = counted()
  start({ clock: () => nowMs, wait: waits.wait })
  await until('it has waited a while', () => waits.count() > 3)
  t.strictSame(seen, [])
  nowMs += 61_000
  await until('it is seen', () => seen.length === 1)
  t.ok(ages.every((age) => age >= 60_000))
})

t.test('a delayed policy stops at once, and keeps its place', async (t) => {
  const { write, start, seen, position } = setUp(t, async () => done, { delayMs: 3_600_000 })
  await write(1, 'a')
  const runner = start()
  await until(
    'it waits',
    async () => (await new Promise((go) => setTimeout(go, 20, true))) === true,
  )
  await runner.stop()
  t.strictSame(seen, [])
  t.equal(await position(), 0)
})

t.test('events of no interest move the checkpoint, and are seen by nobody', async (t) => {
  const { start, seen, store, checkpoints } = setUp(t)
  const moves: number[] = []
  const advance: Checkpoints['advance'] = async (lease, position) => {
    await checkpoints.advance(lease, position)
    moves.push(position)
  }
  start({ checkpoints: { ...checkpoints, advance } })
  await append(store, pet(1), [{ type: 'pet.removed', data: {} }])
  await append(store, { tenantId: SHARED, category: 'shelter', id: 's' }, [renamed('x')])
  await until('they were passed over', () => moves.at(-1) === 2)
  t.strictSame(seen, [])
})

t.test('a page that takes longer than a lease is not begun by somebody else', async (t) => {
  const { write, start, seen } = setUp(t, async () => {
    await new Promise((resolve) => setTimeout(resolve, 12))
    return done
  })
  const names = Array.from({ length: 80 }, (_, number) => `n${String(number)}`)
  await write(1, ...names)
  const timing = { leaseMs: 400, signOfLifeMs: 60 } // longer than any reaction
  start({ timing })
  await until('it has begun', () => seen.length > 0)
  start({ owner: 'two', timing })
  await until('all are seen', () => seen.length >= names.length)
  t.strictSame(seen, names)
})
