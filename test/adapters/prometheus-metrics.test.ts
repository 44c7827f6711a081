// The exporter shows every metric that core declares, and adds up by the labels' values.
import t from 'tap'
import { createPrometheusMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { METRICS } from '../../src/core/metrics.ts'

t.test(
  'every metric of the table is exported with its kind and help, beside those of the process',
  async (t) => {
    const text = await createPrometheusMetrics().text()
    for (const [name, [kind, help]] of Object.entries(METRICS)) {
      t.match(text, `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`)
    }
    t.match(text, 'nodejs_eventloop_lag_p99_seconds')
    t.match(text, 'process_resident_memory_bytes')
  },
)

t.test(
  'counting, setting and observing add up per label set, by value and not by object',
  async (t) => {
    const metrics = createPrometheusMetrics()
    metrics.count('pawtrail_cache_requests_total', 1, { result: 'hit' })
    metrics.count('pawtrail_cache_requests_total', 2, { result: 'hit' })
    metrics.count('pawtrail_rate_limited_total')
    metrics.gauge('pawtrail_cache_bytes', 5)
    metrics.gauge('pawtrail_cache_bytes', 3)
    metrics.observe('pawtrail_append_batch_commands', 3)
    const labels = { method: 'GET', route: '/v1/pets', status: '200' }
    metrics.observe('pawtrail_http_request_duration_seconds', 0.004, labels)
    metrics.observe('pawtrail_http_request_duration_seconds', 0.004, { ...labels })
    const text = await metrics.text()
    t.match(text, 'pawtrail_cache_requests_total{result="hit"} 3')
    t.match(text, 'pawtrail_rate_limited_total 1')
    t.match(text, 'pawtrail_cache_bytes 3')
    t.match(text, 'pawtrail_append_batch_commands_bucket{le="4"} 1')
    t.match(
      text,
      'pawtrail_http_request_duration_seconds_count{method="GET",route="/v1/pets",status="200"} 2',
    )
  },
)

t.test('two exporters do not share what they count', async (t) => {
  const first = createPrometheusMetrics()
  first.count('pawtrail_rate_limited_total', 4)
  t.match(await createPrometheusMetrics().text(), 'pawtrail_rate_limited_total 0')
})
