// Metrics for Prometheus, made from the table in core: our own numbers, printed by prom-client
// beside those of the process.
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import { type MetricName, METRICS, type Metrics } from '../../core/metrics.ts'
import { createSeries, type Series } from './series.ts'

const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
const EVENT_LOOP_PRECISION_MS = 10

export const createPrometheusMetrics = (): Metrics &
  Readonly<{ text: () => Promise<string>; contentType: string }> => {
  const registry = new Registry()
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS,
  })
  const all = Object.keys(METRICS).map((name) => seriesOf(name as MetricName))
  // What the registry asks of a metric is `name` and `get`.
  for (const series of all) registry.registerMetric(series as unknown as Metric)
  const byName = Object.fromEntries(all.map((series) => [series.name, series])) as Readonly<
    Record<MetricName, Series>
  >
  return {
    count: (name, by = 1, labels) => byName[name].write(by, labels),
    gauge: (name, value, labels) => byName[name].write(value, labels),
    observe: (name, value, labels) => byName[name].write(value, labels),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

const seriesOf = (name: MetricName): Series => {
  const [kind, help, labelNames] = METRICS[name]
  const buckets = name.endsWith('_seconds') ? DURATION_BUCKETS : SIZE_BUCKETS
  return createSeries({ name, help, kind, labelNames, buckets })
}
