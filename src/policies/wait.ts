// Waiting that ends early when asked to stop. Handed in where it is needed, so that a simulation can let time pass.

/** Resolves after the delay, or at once when the signal fires. */
export type Wait = (delayMs: number, signal: AbortSignal) => Promise<void>

export const realWait: Wait = (delayMs, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end)
  })

/** Doubles with each try, up to the longest. */
export const backoffMs = (
  tries: number,
  { firstMs, longestMs }: Readonly<{ firstMs: number; longestMs: number }>,
): number => Math.min(longestMs, firstMs * 2 ** Math.min(tries - 1, 30))
