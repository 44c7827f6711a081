// Lets so many in at a time; the others wait in order. One gate stands before all that the feed reads
// of the log.

export type Gate = Readonly<{
  enter: () => Promise<void>
  leave: () => void
  inside: () => number
  waiting: () => number
}>

export const createGate = (places: number): Gate => {
  const queue: (() => void)[] = []
  let inside = 0
  return {
    async enter() {
      if (inside < places) {
        inside += 1
        return
      }
      // The one who leaves hands its place over, so `inside` stays as it is.
      await new Promise<void>((resolve) => queue.push(resolve))
    },
    leave() {
      const next = queue.shift()
      if (next === undefined) inside -= 1
      else next()
    },
    inside: () => inside,
    waiting: () => queue.length,
  }
}
