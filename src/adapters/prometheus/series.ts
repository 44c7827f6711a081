// The numbers of one metric, a cell for each set of labels. Kept here and not by prom-client, which works out and
// checks the place of every single observation: on a hot path that costs more than all else that is counted.
import type { Labels, MetricName } from '../../core/metrics.ts'

type Kind = 'counter' | 'gauge' | 'histogram'
type Sample = Readonly<{
  metricName?: string
  labels: Readonly<Record<string, string | number>>
  value: number
}>

/** One metric in the shape in which prom-client's registry prints it. */
export type Series = Readonly<{
  name: MetricName
  help: string
  type: Kind
  get: () => Promise<
    Readonly<{ name: string; help: string; type: Kind; values: readonly Sample[] }>
  >
  write: (value: number, labels?: Labels) => void
}>

type Cell = Readonly<{ add: (value: number) => void; samples: () => readonly Sample[] }>
export type SeriesShape = Readonly<{
  name: MetricName
  help: string
  kind: Kind
  labelNames: readonly string[]
  buckets: readonly number[] // upper bounds, rising; of histograms
}>

const MAX_CELLS = 2_000

export const createSeries = (shape: SeriesShape): Series => {
  const { name, help, kind } = shape
  const cells: Cell[] = []
  const byObject = new WeakMap<Labels, Cell>()
  const byValue = new Map<string, Cell>()
  const newCell = (labels: Labels): Cell => {
    const cell = kind === 'histogram' ? histogramCell(shape, labels) : valueCell(kind, labels)
    cells.push(cell)
    return cell
  }
  // A metric without labels is printed from the start, as zero.
  const plain = shape.labelNames.length === 0 ? newCell({}) : undefined
  const cellOf = (labels: Labels): Cell | undefined => {
    const place = JSON.stringify(labels)
    const known = byValue.get(place)
    if (known !== undefined) return known
    if (byValue.size >= MAX_CELLS) return undefined // a label that grew without bound
    checkLabels(shape, labels)
    const cell = newCell(labels)
    byValue.set(place, cell)
    return cell
  }
  const write = (value: number, labels?: Labels): void => {
    if (labels === undefined) return plain?.add(value)
    const known = byObject.get(labels)
    if (known !== undefined) return known.add(value)
    const cell = cellOf(labels)
    if (cell === undefined) return
    byObject.set(labels, cell)
    cell.add(value)
  }
  const get = async () => ({
    name,
    help,
    type: kind,
    values: cells.flatMap((cell) => cell.samples()),
  })
  return { name, help, type: kind, get, write }
}

const checkLabels = ({ name, labelNames }: SeriesShape, labels: Labels): void => {
  const unknown = Object.keys(labels).find((label) => !labelNames.includes(label))
  if (unknown !== undefined) throw new Error(`${name} has no label ${unknown}`)
}

const valueCell = (kind: Kind, labels: Labels): Cell => {
  let total = 0
  return {
    add: (value) => {
      total = kind === 'counter' ? total + value : value
    },
    samples: () => [{ labels, value: total }],
  }
}

const histogramCell = ({ name, buckets }: SeriesShape, labels: Labels): Cell => {
  const counts = new Float64Array(buckets.length + 1) // the last one is beyond all bounds
  let sum = 0
  return {
    add: (value) => {
      let place = 0
      while (place < buckets.length && value > (buckets[place] ?? 0)) place += 1
      counts[place] = (counts[place] ?? 0) + 1
      sum += value
    },
    samples: () => {
      let below = 0
      const bars = [...buckets, Infinity].map((bound, place) => {
        below += counts[place] ?? 0
        const le = bound === Infinity ? '+Inf' : bound
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below }
      })
      const whole = { metricName: `${name}_sum`, labels, value: sum }
      return [...bars, whole, { metricName: `${name}_count`, labels, value: below }]
    },
  }
}
