// Waiting that ends early when asked to stop, and delays that grow and differ between processes.
import type { Clock } from '../../core/clock.ts'

export type Backoff = Readonly<{ next: () => number; reset: () => void }>

const JITTER_SHARE = 0.5

/** Resolves after the delay, or at once when the signal fires. */
export const pause = (delayMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, delayMs)
    signal.addEventListener('abort', done)
  })

/** Doubles from the first delay up to the longest; up to half of each is taken off by chance. */
export const createBackoff = (
  options: Readonly<{ firstMs: number; longestMs: number; seed: string; clock: Clock }>,
): Backoff => {
  let attempt = 0
  let random = [...options.seed].reduce(
    (hash, letter) => (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0,
    options.clock() >>> 0,
  )
  // Numerical Recipes' linear congruence: spreads processes apart, and is no secret.
  const chance = (): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    return random / 2 ** 32
  }
  return {
    next: () => {
      const delayMs = Math.min(options.longestMs, options.firstMs * 2 ** Math.min(attempt, 30))
      attempt += 1
      return Math.ceil(delayMs * (1 - JITTER_SHARE * chance()))
    },
    reset: () => {
      attempt = 0
    },
  }
}
