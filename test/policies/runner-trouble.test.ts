// The runner of a policy in trouble: it tries again, sets aside and goes on, is replaced, and loses nothing.
import t from 'tap'
import type { Checkpoints } from '../../src/core/checkpoints.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import { done, later } from '../../src/policies/policy.ts'
import { append, petId, until } from '../projections/support.ts'
import { failing, nameOf, OTHER, pet, renamed, setUp } from './runner-rig.ts'

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
