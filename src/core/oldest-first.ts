// Forgetting what has stood in a Map for longest, in constant time. Every new iterator of a Map passes once more over
// the places of what was deleted from its front; one that is kept passes over each of them once.

/** Takes the entry that was set longest ago out of the map and answers it; undefined: the map is empty. */
export const oldestFirst = <Key, Value>(
  map: Map<Key, Value>,
): (() => readonly [key: Key, value: Value] | undefined) => {
  let entries = map.entries()
  return () => {
    let next = entries.next()
    if (next.done === true) {
      entries = map.entries() // one that came to the end stays there
      next = entries.next()
    }
    if (next.done === true) return undefined
    map.delete(next.value[0]) // all that the iterator has passed is out of the map
    return next.value
  }
}
