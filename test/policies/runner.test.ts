// The runner of a policy: strictly in order, nothing skipped, nobody else delayed. The log and the checkpoints are in
// memory; the policies are made for the test.
import t, { type Test } from 'tap'
import { createMemoryCheckpoints } from '../../src/adapters/memory/checkpoints.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import type { Checkpoints } from '../../src/core/checkpoints.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import type { PolicyRunnerOptions } from '../../src/policies/options.ts'
import { done, later, type Policy, type PolicyEvent } from '../../src/policies/policy.ts'
import { type PolicyRunner, startPolicy } from '../../src/policies/runner.ts'
import { realWait, type Wait } from '../../src/policies/wait.ts'
import { append, memoryLog, petId, TENANTS, until } from '../projections/support.ts'
import { policyRig } from './rig.ts'

const [SHARED, OTHER] = TENANTS as [(typeof TENANTS)[0], (typeof TENANTS)[0]]
const pet = (number: number, tenantId = SHARED) =>
  ({ tenantId, category: 'pet', id: petId(number) }) as const
const renamed = (name: string) => ({ type: 'pet.updated', data: { changes: { name } } }) as const

type React = (event: PolicyEvent, tries: number) => ReturnType<Policy['react']>

type Rig = Readonly<{
  store: EventStore
  checkpoints: Checkpoints
  seen: string[] // names, as often as they were tried
  start(options?: Partial<PolicyRunnerOptions>): PolicyRunner
  write(number: number, ...names: string[]): Promise<number>
  position(): Promise<number | undefined>
}>

const setUp = (t: Test, react: React = async () => done, policy: Partial<Policy> = {}): Rig => {
  const store = memoryLog()
  const checkpoints = createMemoryCheckpoints({ clock: systemClock })
  const seen: string[] = []
  const watching: Policy = {
    name: 'watching',
    categories: ['pet'],
    types: ['pet.updated'],
    ...policy,
    react: async (event) => {
      const name = nameOf(event)
      seen.push(name)
      return react(event, seen.filter((each) => each === name).length)
    },
  }
  return {
    store,
    checkpoints,
    seen,
    write: (number, ...names) => append(store, pet(number), names.map(renamed)),
    position: async () => {
      const lease = await checkpoints.acquire({ ...SUBSCRIPTION, owner: 'look', leaseMs: -1 })
      return lease?.position
    },
    start: (options = {}) => {
      const runner = startPolicy({
        policy: watching,
        application: policyRig().application,
        eventStore: store,
        checkpoints,
        owner: 'one',
        clock: systemClock,
        logger: silentLogger,
        metrics: noMetrics,
        ...options,
        timing: { ...QUICK, ...options.timing },
      })
      t.teardown(runner.stop)
      return runner
    },
  }
}

const SUBSCRIPTION = { subscription: 'policy:watching' }
const QUICK = {
  leaseMs: 200,
  standbyPollMs: 10,
  signOfLifeMs: 15,
  skipWriteMs: 10,
  maxTries: 3,
  firstRetryMs: 2,
  longestRetryMs: 5,
  parkedRetryMs: 20,
}

const nameOf = (event: PolicyEvent): string =>
  event.type === 'pet.updated' ? (event.data.changes.name ?? '') : event.type

const failing = (name: string, whole: () => boolean = () => true): React => {
  return async (event) => {
    if (nameOf(event) === name && whole()) throw new Error('cannot be done')
    return done
  }
}

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

t.test('what goes wrong is tried again, and what comes behind it waits', async (t) => {
  const { write, start, seen } = setUp(t, async (event, tries) => {
    if (nameOf(event) !== 'b' || tries === 3) return done
    if (tries === 1) throw new Error('a fault')
    return { kind: 'again', reason: 'a conflict' }
  })
  await write(1, 'a')
  await write(2, 'b')
  await write(3, 'c')
  start()
  await until('all are seen', () => seen.includes('c'))
  t.strictSame(seen, ['a', 'b', 'b', 'b', 'c'])
})

t.test(
  'after its last try the stream is parked, counted and logged, and the others go on',
  async (t) => {
    const counted: string[] = []
    const logged: unknown[] = []
    const { write, start, seen, store, checkpoints } = setUp(t, failing('bad'))
    await write(1, 'bad', 'behind it')
    await append(store, pet(1, OTHER), [renamed('same id, other tenant')])
    await write(2, 'other')
    start({
      timing: { parkedRetryMs: 60_000 },
      metrics: { ...noMetrics, count: (name) => counted.push(name) },
      logger: { ...silentLogger, error: (fields) => logged.push(fields) },
    })
    await until('the others are seen', () => seen.includes('other'))
    t.strictSame(seen, ['bad', 'bad', 'bad', 'same id, other tenant', 'other'])
    t.match(await checkpoints.parked('policy:watching'), [
      { ...pet(1), id: undefined, streamId: petId(1), position: 1, attempts: 1 },
    ])
    t.equal(counted.filter((name) => name === 'pawtrail_policy_parked_total').length, 1)
    t.match(logged, [{ policy: 'watching', streamId: petId(1), error: 'cannot be done' }])
  },
)

t.test('what is parked is tried again with all that came behind it, in order', async (t) => {
  let isBroken = true
  const { write, start, seen, checkpoints } = setUp(
    t,
    failing('bad', () => isBroken),
  )
  await write(1, 'first', 'bad', 'behind it')
  start()
  await until('it is parked', async () => (await checkpoints.parked('policy:watching')).length > 0)
  await write(1, 'still later')
  await write(2, 'other')
  await until('the other is seen', () => seen.includes('other'))
  t.notOk(seen.includes('behind it'))
  isBroken = false
  await until('it is free', async () => (await checkpoints.parked('policy:watching')).length === 0)
  t.strictSame(seen.slice(seen.lastIndexOf('bad')), ['bad', 'behind it', 'still later'])
  await write(1, 'afterwards')
  await until('it is followed again', () => seen.includes('afterwards'))
})

t.test('a parked stream is still parked for the next owner', async (t) => {
  let isBroken = true
  const { write, start, seen, checkpoints } = setUp(
    t,
    failing('bad', () => isBroken),
  )
  await write(1, 'bad', 'behind it')
  const first = start()
  await until('it is parked', async () => (await checkpoints.parked('policy:watching')).length > 0)
  await first.stop()
  isBroken = false
  await write(1, 'later')
  start({ owner: 'two' })
  await until('all are seen', () => seen.includes('later'))
  t.strictSame(seen.slice(-3), ['bad', 'behind it', 'later'])
})

t.test('what is only not due yet is set aside without a word, and asked for later', async (t) => {
  const words: unknown[] = []
  const { write, start, seen } = setUp(t, async (event, tries) =>
    nameOf(event) === 'slow' && tries < 3 ? later('still at it') : done,
  )
  await write(1, 'slow')
  await write(2, 'quick')
  start({
    logger: { ...silentLogger, error: (fields) => words.push(fields) },
    metrics: { ...noMetrics, count: (name) => name.endsWith('parked_total') && words.push(name) },
  })
  await until('it is done', () => seen.filter((name) => name === 'slow').length === 3)
  t.strictSame(seen.slice(0, 2), ['slow', 'quick'], 'nobody waits for it')
  t.strictSame(words, [])
})

t.test('a hopeless stream does not keep the others that are parked from their turn', async (t) => {
  let isBroken = true
  const { write, start, seen, checkpoints } = setUp(t, async (event) => {
    if (nameOf(event).startsWith('hopeless') || isBroken) throw new Error('cannot be done')
    return done
  })
  for (const number of [1, 2, 3]) await write(number, `hopeless ${number}`)
  await write(4, 'curable')
  start({ timing: { parkedAtOnce: 1, maxTries: 1, parkedRetryMs: 5 } })
  await until(
    'all are parked',
    async () => (await checkpoints.parked('policy:watching')).length === 4,
  )
  isBroken = false
  await until('it is cured', async () => (await checkpoints.parked('policy:watching')).length === 3)
  t.ok(seen.includes('curable'))
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

t.test('of two processes one works; when it falls silent the other goes on alone', async (t) => {
  let wake = (): void => {}
  const woken = new Promise<void>((resolve) => (wake = resolve))
  const { write, start, seen, checkpoints } = setUp(t, async (event, tries) => {
    if (nameOf(event) === 'b' && tries === 1) await woken
    return done
  })
  // The first stands still in the middle of a reaction: it gives no sign of life either.
  const moves: number[] = []
  const standing: Checkpoints = {
    ...checkpoints,
    renew: async (lease) => {
      await woken
      return checkpoints.renew(lease)
    },
    advance: async (lease, position) => {
      await checkpoints.advance(lease, position)
      moves.push(position)
    },
  }
  await write(1, 'a', 'b', 'c')
  start({ checkpoints: standing })
  await until('the first is at b', () => seen.includes('b'))
  const second = start({ owner: 'two' })
  await until('the second went on', () => seen.includes('c'))
  t.strictSame(seen, ['a', 'b', 'a', 'b', 'c'])
  wake()
  await write(1, 'd')
  await until('the newest is seen', () => seen.includes('d'))
  t.strictSame(moves, [], 'the first has changed nothing')
  await second.stop()
  await write(1, 'e')
  await until('the first has taken its turn', () => seen.includes('e'))
  t.strictSame(seen.slice(5), ['d', 'e'])
})

t.test('a reaction that never ends is given up and tried again', async (t) => {
  const { write, start, seen } = setUp(t, (_event, tries) =>
    tries === 1 ? new Promise(() => {}) : Promise.resolve(done),
  )
  await write(1, 'a')
  start({ timing: { reactionMs: 30 } })
  await until('it is tried again', () => seen.length === 2)
  t.strictSame(seen, ['a', 'a'])
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

t.test('while checkpoints cannot be reached nothing is lost', async (t) => {
  const { write, start, seen, checkpoints } = setUp(t)
  let isDown = true
  const shaky: Checkpoints = {
    ...checkpoints,
    advance: (lease, position) =>
      isDown ? Promise.reject(new Error('down')) : checkpoints.advance(lease, position),
  }
  await write(1, 'a')
  start({ checkpoints: shaky })
  await until('it was tried twice', () => seen.length >= 2)
  isDown = false
  await write(1, 'b')
  await until('it went on', () => seen.includes('b'))
  t.strictSame([...new Set(seen)], ['a', 'b'])
})
