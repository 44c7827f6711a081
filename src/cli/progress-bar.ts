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
  const share = shareOf({ position, target })
  const filled = Math.round(share * WIDTH)
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
  const leftMs = timeLeftMs({ position, target }, elapsedMs)
  const left = leftMs === null ? '' : ` ${duration(leftMs)} left`
  return `${bar} ${Math.floor(share * 100)}% ${events} events${left}`
}

type Way = Pick<RebuildProgress, 'position' | 'target'>

const shareOf = ({ position, target }: Way): number =>
  target === 0 ? 1 : Math.min(1, position / target)

/** At the pace so far; null: nothing is done yet that would tell. */
export const timeLeftMs = (way: Way, elapsedMs: number): number | null => {
  const share = shareOf(way)
  return share === 0 ? null : (elapsedMs / share) * (1 - share)
}

/** The same as data. */
export const progressLine = (progress: RebuildProgress, elapsedMs: number) => {
  const leftMs = timeLeftMs(progress, elapsedMs)
  const secondsLeft = leftMs === null ? null : Math.round(leftMs / 1_000)
  return { kind: 'progress', ...progress, secondsLeft }
}

const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes}m ${seconds % 60}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}
