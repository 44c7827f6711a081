// Prints results as a table, keeps them as JSON, and says which target each ratio is measured against.
import { mkdir, writeFile } from 'node:fs/promises'
import os from 'node:os'

export type Row = Readonly<{ what: string; value: string; ratio?: number; target?: string }>

const pad = (text: string, width: number): string => text.padEnd(width)

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

export const report = async (name: string, title: string, rows: readonly Row[]): Promise<void> => {
  const lines = rows.map((row) => ({
    what: row.what,
    value: row.value,
    ratio: row.ratio === undefined ? '' : row.ratio.toFixed(2),
    target: row.target ?? '',
  }))
  const width = (key: 'what' | 'value' | 'ratio' | 'target') =>
    Math.max(key.length, ...lines.map((line) => line[key].length))
  const [w, v, r] = [width('what'), width('value'), width('ratio')]
  process.stdout.write(`\n${title} (${os.cpus().length} cores, Node ${process.version})\n`)
  for (const line of [
    { what: 'what', value: 'value', ratio: 'ratio', target: 'target' },
    ...lines,
  ]) {
    process.stdout.write(
      `  ${pad(line.what, w)}  ${pad(line.value, v)}  ${pad(line.ratio, r)}  ${line.target}\n`,
    )
  }
  const folder = new URL('../results/', import.meta.url)
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify({ title, rows }, null, 2)}\n`)
}
