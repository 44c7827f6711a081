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
  const kinds = new Map<string, Kind>()
  let total = 0
  let failure: Readonly<{ cause: unknown }> | undefined
  let wake = (): void => {}
  const kindOf = (name: string): Kind => {
    const known = kinds.get(name)
    if (known !== undefined) return known
    const end = (): void => {
      kind.running -= 1
      total -= 1
      wake()
    }
    const fail = (cause: unknown): void => {
      failure ??= { cause }
      onFailure()
      end()
    }
    const kind: Kind = { running: 0, end, fail }
    kinds.set(name, kind)
    return kind
  }
  return {
    run: (name, work) => {
      const kind = kindOf(name)
      kind.running += 1
      total += 1
      work().then(kind.end, kind.fail)
    },
    running: (name) => kinds.get(name)?.running ?? 0,
    total: () => total,
    change: () => new Promise<void>((resolve) => (wake = resolve)),
    hasFailed: () => failure !== undefined,
    rethrow: () => {
      if (failure !== undefined) throw failure.cause
    },
  }
}

type Kind = { running: number; readonly end: () => void; readonly fail: (cause: unknown) => void }
