// Where the lines of the log go: a stream that may be slow, full or gone. The process neither waits for it nor ends
// with it. What it does not take is kept up to a bound and then left out, which is told when it takes lines again.
import { writeSync } from 'node:fs'

export type LogOutput = Readonly<{
  write(line: string): void
  /** Tries once more, without waiting. */
  flush(): void
}>

export type LogOutputOptions = Readonly<{
  /** Answers how many bytes were taken; throws as the system does. */
  writeBytes?: (bytes: Buffer) => number
  onLost: (lines: number) => void
}>

const MAX_WAITING_BYTES = 1_048_576
const RETRY_MS = 100
const STANDARD_OUTPUT = 1

export const createLogOutput = ({
  writeBytes = (bytes) => writeSync(STANDARD_OUTPUT, bytes),
  onLost,
}: LogOutputOptions): LogOutput => {
  let waiting: Buffer[] = []
  let bytes = 0
  let lost = 0
  let isGone = false
  let timer: NodeJS.Timeout | undefined

  const written = (all: Buffer): number => {
    try {
      return writeBytes(all)
    } catch (error) {
      isGone = error instanceof Error && 'code' in error && error.code === 'EPIPE'
      return 0
    }
  }
  const flush = (): void => {
    if (bytes === 0) return
    const all = Buffer.concat(waiting)
    const rest = all.subarray(written(all))
    waiting = isGone || rest.length === 0 ? [] : [rest]
    bytes = isGone ? 0 : rest.length
    clearTimeout(timer)
    timer = bytes > 0 ? setTimeout(flush, RETRY_MS).unref() : undefined
    if (bytes === 0 && lost > 0) tellLost()
  }
  const tellLost = (): void => {
    const lines = lost
    lost = 0
    if (!isGone) onLost(lines)
  }
  const write = (line: string): void => {
    if (isGone) return
    const length = Buffer.byteLength(line)
    if (bytes + length > MAX_WAITING_BYTES) {
      lost += 1
      return
    }
    waiting.push(Buffer.from(line))
    bytes += length
    if (timer === undefined) flush()
  }
  return { write, flush }
}
