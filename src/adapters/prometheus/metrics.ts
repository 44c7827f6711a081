// Metrics for Prometheus, made from the table in core. Series are looked up once for each label set that callers keep,
// so that counting on a hot path costs a map look-up and an addition.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Labels, type MetricName, METRICS, type Metrics } from '../../core/metrics.ts'

const DURATION_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
const EVENT_LOOP_PRECISION_MS = 10
const MAX_SERIES_PER_METRIC = 2_000

type Write = (value: number) => void
type Series = Readonly<{ plain: Write; of: (labels: Labels) => Write }>

export const createPrometheusMetrics = (): Metrics &
  Readonly<{ text: () => Promise<string>; contentType: string }> => {
  const registry = new Registry()
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS,
  })
  const series = new Map<MetricName, Series>()
  for (const name of Object.keys(METRICS) as MetricName[])
    series.set(name, seriesOf(registry, name))

  const write = (name: MetricName, value: number, labels: Labels | undefined): void => {
    const known = series.get(name)
    if (known === undefined) throw new Error(`no such metric: ${name}`)
    if (labels === undefined) known.plain(value)
    else known.of(labels)(value)
  }
  return {
    count: (name, by = 1, labels) => write(name, by, labels),
    gauge: write,
    observe: write,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

const seriesOf = (registry: Registry, name: MetricName): Series => {
  const [kind, help, labelNames] = METRICS[name]
  const shape = { name, help, labelNames: [...labelNames], registers: [registry] }
  switch (kind) {
    case 'counter': {
      const counter = new Counter(shape)
      return remembered(
        (value) => counter.inc(value),
        (labels) => {
          const child = counter.labels(labels)
          return (value) => child.inc(value)
        },
      )
    }
    case 'gauge': {
      const gauge = new Gauge(shape)
      return remembered(
        (value) => gauge.set(value),
        (labels) => {
          const child = gauge.labels(labels)
          return (value) => child.set(value)
        },
      )
    }
    case 'histogram': {
      const buckets = name.endsWith('_seconds') ? DURATION_BUCKETS : SIZE_BUCKETS
      const histogram = new Histogram({ ...shape, buckets })
      return remembered(
        (value) => histogram.observe(value),
        (labels) => {
          const child = histogram.labels(labels)
          return (value) => child.observe(value)
        },
      )
    }
  }
}

const remembered = (plain: Write, childOf: (labels: Labels) => Write): Series => {
  const byObject = new WeakMap<Labels, Write>()
  const byValue = new Map<string, Write>()
  const ofValue = (labels: Labels): Write => {
    const place = JSON.stringify(labels)
    const known = byValue.get(place)
    if (known !== undefined) return known
    if (byValue.size >= MAX_SERIES_PER_METRIC) return () => undefined // a label that grew without bound
    const child = childOf(labels)
    byValue.set(place, child)
    return child
  }
  return {
    plain,
    of: (labels) => {
      const known = byObject.get(labels)
      if (known !== undefined) return known
      const child = ofValue(labels)
      byObject.set(labels, child)
      return child
    },
  }
}
