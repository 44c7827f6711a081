// Work under one key runs one after another within this process; under different keys it runs at once.

export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>

/** Holds no more keys than there is work under way. */
export const createTurns = (): Turns => {
  const last = new Map<string, Promise<unknown>>()
  return async (key, work) => {
    const before = last.get(key) ?? Promise.resolve()
    const mine = before.then(work, work) // what went wrong before is not this one's concern
    last.set(key, mine)
    try {
      return await mine
    } finally {
      if (last.get(key) === mine) last.delete(key)
    }
  }
}
