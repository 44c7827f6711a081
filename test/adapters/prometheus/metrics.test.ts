// What is counted is printed in the text format of Prometheus.
import t from 'tap'
import { createPrometheusMetrics } from '../../../src/adapters/prometheus/metrics.ts'

const linesOf = async (metrics: ReturnType<typeof createPrometheusMetrics>, name: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name))

t.test('a counter adds, for each set of labels on its own', async (t) => {
  const metrics = createPrometheusMetrics()
  metrics.count('pawtrail_cache_requests_total', 1, { result: 'hit' })
  metrics.count('pawtrail_cache_requests_total', 2, { result: 'hit' })
  metrics.count('pawtrail_cache_requests_total', 1, { result: 'miss' })
  t.strictSame(await linesOf(metrics, 'pawtrail_cache_requests_total'), [
    'pawtrail_cache_requests_total{result="hit"} 3',
    'pawtrail_cache_requests_total{result="miss"} 1',
  ])
})

t.test('a gauge is what it was set to last, and zero before', async (t) => {
  const metrics = createPrometheusMetrics()
  t.strictSame(await linesOf(metrics, 'pawtrail_cache_bytes'), ['pawtrail_cache_bytes 0'])
  metrics.gauge('pawtrail_cache_bytes', 7)
  metrics.gauge('pawtrail_cache_bytes', 5)
  t.strictSame(await linesOf(metrics, 'pawtrail_cache_bytes'), ['pawtrail_cache_bytes 5'])
})

t.test('a bar of a histogram counts what is at most its bound', async (t) => {
  const metrics = createPrometheusMetrics()
  for (const size of [1, 2, 3, 5_000]) {
    metrics.observe('pawtrail_append_batch_commands', size)
  }
  const lines = await linesOf(metrics, 'pawtrail_append_batch_commands')
  for (const [bound, count] of [
    ['1', 1],
    ['2', 2],
    ['4', 3],
    ['1024', 3],
    ['+Inf', 4],
  ] as const) {
    t.ok(lines.includes(`pawtrail_append_batch_commands_bucket{le="${bound}"} ${count}`), bound)
  }
  t.ok(lines.includes('pawtrail_append_batch_commands_sum 5006'))
  t.ok(lines.includes('pawtrail_append_batch_commands_count 4'))
})

t.test('a label that the metric does not have is a mistake', async (t) => {
  const metrics = createPrometheusMetrics()
  t.throws(() => metrics.count('pawtrail_cache_requests_total', 1, { tenant: 'x' }))
})
