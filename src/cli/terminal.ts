// Writing to the terminal: results on stdout, everything else on stderr, so that a pipe carries results only.
import { once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'

/** Waits when the reader of a pipe is slower than we are; one that has gone, as `head` does, misses nothing. */
export const print = async (text: string): Promise<void> => {
  if (!process.stdout.writable || process.stdout.write(`${text}\n`)) return
  await once(process.stdout, 'drain').catch((error: unknown) => {
    if (!isReaderGone(error)) throw error
  })
}

/** What a command does goes on to its end, also when nobody reads what it says. */
export const outliveReader = (): void => {
  process.stdout.on('error', (error) => {
    if (!isReaderGone(error)) throw error
  })
}

const isReaderGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE'

export const printJson = (value: unknown): Promise<void> => print(JSON.stringify(value))

export const note = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

export const isTerminal = (): boolean => process.stderr.isTTY

/** Text of others, without what could steer the terminal. */
export const harmless = (text: string): string =>
  stripVTControlCharacters(text).replace(
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    ' ',
  )

/** Left-aligned columns. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `head` of a pipe has read enough: that is no failure of ours. */
export const endQuietlyWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
}
