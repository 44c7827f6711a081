// Things under way side by side, and whoever waits until one of them has come to an end.

export type Tasks = Readonly<{
  run(kind: string, work: () => Promise<void>): void
  running(kind: string): number
  total(): number
  /** Resolves when one has ended. */
  change(): Promise<void>
  hasFailed(): boolean
  /** Throws what the first of those that failed threw. */
  rethrow(): void
}>

export const createTasks = (onFailure: () => void): Tasks => {
  const running = new Map<string, number>()
  let total = 0
  let failure: Readonly<{ cause: unknown }> | undefined
  let wake = (): void => {}
  const count = (kind: string, by: 1 | -1): void => {
    running.set(kind, (running.get(kind) ?? 0) + by)
    total += by
  }
  return {
    run: (kind, work) => {
      count(kind, 1)
      const end = (): void => {
        count(kind, -1)
        wake()
      }
      work().then(end, (cause: unknown) => {
        failure ??= { cause }
        onFailure()
        end()
      })
    },
    running: (kind) => running.get(kind) ?? 0,
    total: () => total,
    change: () => new Promise<void>((resolve) => (wake = resolve)),
    hasFailed: () => failure !== undefined,
    rethrow: () => {
      if (failure !== undefined) throw failure.cause
    },
  }
}
