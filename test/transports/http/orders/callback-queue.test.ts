// Callbacks that wait: how often each is tried, how many there may be, and what a stop does with them.
import t, { type Test } from 'tap'
import { silentLogger } from '../../../../src/core/logger.ts'
import type { MetricName } from '../../../../src/core/metrics.ts'
import { noMetrics } from '../../../../src/core/metrics.ts'
import type { OutboundOutcome, OutboundPost } from '../../../../src/core/outbound.ts'
import {
  CALLBACK_LIMITS,
  createCallbackQueue,
} from '../../../../src/transports/http/orders/callback-queue.ts'
import { until } from '../../../projections/support.ts'

const status = (code: number): OutboundOutcome => ({
  ...{ kind: 'answered', status: code, headers: {}, body: '', isWhole: true },
})
const DOWN: OutboundOutcome = { kind: 'failed', reason: 'unreachable' }
const callback = (requestId: string) => ({ requestId, url: 'https://hooks.example/', json: '{}' })

/** A queue whose posts are answered by `answer`, without real delays between tries. */
const rigOf = (
  t: Test,
  answer: (post: OutboundPost, nth: number) => Promise<OutboundOutcome>,
  limits: Partial<typeof CALLBACK_LIMITS> = {},
) => {
  const posts: OutboundPost[] = []
  const ended: Record<string, number> = {}
  const queue = createCallbackQueue({
    outbound: {
      check: async () => ({ kind: 'allowed' }),
      post: (request) => {
        posts.push(request)
        return answer(request, posts.length)
      },
    },
    random: () => 0.5,
    logger: silentLogger,
    metrics: {
      ...noMetrics,
      count: (_: MetricName, by = 1, { outcome = '' } = {}) => {
        ended[outcome] = (ended[outcome] ?? 0) + by
      },
    },
    limits: { retryDelaysMs: [1, 1], drainMs: 50, ...limits },
  })
  t.teardown(() => queue.stop())
  return { queue, posts, ended }
}

/** Ends only when it is stopped. */
const hanging = ({ signal }: OutboundPost): Promise<OutboundOutcome> =>
  new Promise((settle) => {
    signal?.addEventListener('abort', () => settle({ kind: 'failed', reason: 'stopped' }))
  })

t.test('any status of the twos ends it', async (t) => {
  const { queue, posts, ended } = rigOf(t, async (_, nth) => status([200, 202, 204][nth - 1] ?? 0))
  for (const id of ['a', 'b', 'c']) t.ok(queue.offer(callback(id)))
  await until('all are delivered', () => ended['delivered'] === 3)
  t.equal(posts.length, 3)
  t.match(posts[0], { deadlineMs: CALLBACK_LIMITS.deadlineMs, maxAnswerBytes: 1_024 })
})

t.test('three tries are made and no more', async (t) => {
  const answers = [DOWN, status(302), status(500), status(200)]
  const { queue, posts, ended } = rigOf(t, async (_, nth) => answers[nth - 1] ?? DOWN)
  queue.offer(callback('a'))
  await until('it is given up', () => ended['given_up'] === 1)
  t.equal(posts.length, 3)
})

t.test('an address that is refused at the call is not tried again', async (t) => {
  const { queue, posts, ended } = rigOf(t, async () => ({ kind: 'refused', reason: 'address' }))
  queue.offer(callback('a'))
  await until('it is given up', () => ended['given_up'] === 1)
  t.equal(posts.length, 1)
})

t.test('those that run, wait and rest count alike against the limit', async (t) => {
  const limits = { waiting: 4, atOnce: 2, retryDelaysMs: [60_000] }
  const { queue, posts } = rigOf(
    t,
    (post, nth) => (nth === 1 ? Promise.resolve(DOWN) : hanging(post)),
    limits,
  )
  t.ok(queue.offer(callback('rests')))
  for (const id of ['runs', 'runs too', 'waits']) t.ok(queue.offer(callback(id)), id)
  t.notOk(queue.offer(callback('too many')))
  await until('the places are taken', () => posts.length === 3)
  t.notOk(queue.offer(callback('too many')), 'also while the first one rests')
})

t.test('no more are called at once than the limit', async (t) => {
  let running = 0
  let most = 0
  const { queue, ended } = rigOf(
    t,
    async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return status(200)
    },
    { atOnce: 3 },
  )
  for (let n = 0; n < 20; n += 1) queue.offer(callback(String(n)))
  await until('all are delivered', () => ended['delivered'] === 20)
  t.equal(most, 3)
})

t.test('a stop delivers what it can, and takes on nothing more', async (t) => {
  const { queue, ended } = rigOf(
    t,
    async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return status(200)
    },
    { atOnce: 1, drainMs: 60_000 },
  )
  for (let n = 0; n < 5; n += 1) queue.offer(callback(String(n)))
  const stopped = queue.stop()
  t.notOk(queue.offer(callback('late')))
  await stopped
  t.strictSame(ended, { delivered: 5 })
})

t.test('a stop cuts off a receiver that hangs, and counts what is dropped', async (t) => {
  const { queue, ended, posts } = rigOf(
    t,
    (post, nth) => (nth === 1 ? Promise.resolve(DOWN) : hanging(post)),
    { atOnce: 1, retryDelaysMs: [60_000, 60_000] },
  )
  for (const id of ['rests', 'hangs', 'waits']) queue.offer(callback(id))
  await until('one hangs', () => posts.length === 2)
  await queue.stop()
  t.strictSame(ended, { dropped: 3 })
})

t.test('a fault in a call loses that callback only', async (t) => {
  const { queue, ended } = rigOf(
    t,
    async (_, nth) => {
      if (nth === 1) throw new Error('a fault of ours')
      return status(200)
    },
    { atOnce: 1 },
  )
  queue.offer(callback('a'))
  queue.offer(callback('b'))
  await until('the other is delivered', () => ended['delivered'] === 1)
  t.notOk('failed' in ended && ended['failed'] > 1, 'the fault ends its own callback alone')
  t.equal(ended['delivered'], 1)
})
