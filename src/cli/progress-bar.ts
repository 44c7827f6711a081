// One line on a terminal that shows how far something is and how long it will take.
import type { RebuildProgress } from './tools.ts'

export type ProgressBarOptions = Readonly<{
  label: string
  nowMs: () => number
  write: (text: string) => void
}>

const WIDTH = 28
const REDRAW_MS = 100

export const progressBar = (options: ProgressBarOptions) => {
  const startMs = options.nowMs()
  let drawnAtMs = -Infinity
  const show = (progress: RebuildProgress): void => {
    const nowMs = options.nowMs()
    const isDone = progress.position >= progress.target
    if (nowMs - drawnAtMs < REDRAW_MS && !isDone) return
    drawnAtMs = nowMs
    options.write(`\r\u001b[K${options.label} ${line(progress, nowMs - startMs)}`)
  }
  const end = (): void => {
    if (drawnAtMs > -Infinity) options.write('\n')
  }
  return { show, end }
}

/** The bar, the share, the events, and the time left at the pace so far. */
export const line = ({ position, target, events }: RebuildProgress, elapsedMs: number): string => {
  const share = target === 0 ? 1 : Math.min(1, position / target)
  const filled = Math.round(share * WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
  const left = share === 0 ? '' : ` ${duration((elapsedMs / share) * (1 - share))} left`
  return `${bar} ${Math.floor(share * 100)}% ${events} events${left}`
}

const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes}m ${seconds % 60}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}
