// One event as one line for people: time, type, subject, and what it says, cut to the width of the terminal.
import { styleText } from 'node:util'
import { harmless } from './terminal.ts'

type Colour = 'green' | 'yellow' | 'cyan' | 'magenta' | 'red'

const COLOURS: readonly (readonly [pattern: RegExp, colour: Colour])[] = [
  [/\.(admitted|registered|opened|placed)$/, 'green'],
  [/\.(adopted|approved|completed|delivered)$/, 'magenta'],
  [/\.(removed|withdrawn|cancelled|rejected|closed|erased)$/, 'red'],
  [/\.(status_changed|reserved|released)$/, 'yellow'],
]
const TYPE_WIDTH = 24

export const eventLine = (json: string, width: number): string => {
  const event = parse(json)
  if (event === undefined) return harmless(json).slice(0, width)
  const type = textOf(event['type'])
  const time = textOf(event['time']).slice(11, 23)
  const subject = textOf(event['subject'])
  const data = harmless(JSON.stringify(event['data'] ?? {}))
  const used = time.length + Math.max(type.length, TYPE_WIDTH) + subject.length + 3
  const colour = COLOURS.find(([pattern]) => pattern.test(type))?.[1] ?? 'cyan'
  return [
    styleText('dim', time),
    styleText(colour, type.padEnd(TYPE_WIDTH)),
    subject,
    styleText('dim', shorten(data, Math.max(0, width - used))),
  ].join(' ')
}

const parse = (json: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? harmless(value) : '')

const shorten = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
