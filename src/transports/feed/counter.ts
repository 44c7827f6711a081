// How many there are of each name, and nothing of names of which there are none.

export type Counter = Readonly<{
  count: (key: string) => number
  add: (key: string, by: number) => void
}>

export const createCounter = (): Counter => {
  const counts = new Map<string, number>()
  const count = (key: string): number => counts.get(key) ?? 0
  return {
    count,
    add(key, by) {
      const now = count(key) + by
      if (now === 0) counts.delete(key)
      else counts.set(key, now)
    },
  }
}
