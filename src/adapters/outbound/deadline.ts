// One deadline over all of a call.

export type Deadline = Readonly<{ signal: AbortSignal; abort(): void; clear(): void }>

export const startDeadline = (ms: number): Deadline => {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, ms)
  return { signal: controller.signal, abort, clear: () => clearTimeout(timer) }
}
