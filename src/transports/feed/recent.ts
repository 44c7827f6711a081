// What was made lately, by what it was made of, so that many who ask for the same share it. Bounded: what
// was made first is forgotten first.
import { oldestFirst } from '../../core/oldest-first.ts'

export type Recent<Value> = Readonly<{
  get: (key: string) => Value | undefined
  put: (key: string, value: Value) => void
}>

export const createRecent = <Value>(most: number): Recent<Value> => {
  const values = new Map<string, Value>()
  const takeOldest = oldestFirst(values)
  return {
    get: (key) => values.get(key),
    put(key, value) {
      values.set(key, value)
      if (values.size > most) takeOldest()
    },
  }
}
