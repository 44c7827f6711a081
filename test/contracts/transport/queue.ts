// Between a client that gets events when they come and a test that asks for them one by one.

export type Queue<Item> = Readonly<{
  push: (item: Item) => void
  end: () => void
  items: AsyncIterable<Item>
}>

export const createQueue = <Item>(): Queue<Item> => {
  const waiting: Item[] = []
  let isEnded = false
  let wake = (): void => {}
  const items: AsyncIterable<Item> = {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = waiting.shift()
        if (item !== undefined) yield item
        else if (isEnded) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
  return {
    push: (item) => {
      waiting.push(item)
      wake()
    },
    end: () => {
      isEnded = true
      wake()
    },
    items,
  }
}
