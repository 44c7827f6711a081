// Which fields of a profile a command really changes: what is already so is not recorded again.

/** Undefined members are treated as absent. */
export type Partially<T> = { readonly [Field in keyof T]?: T[Field] | undefined }

/** The given fields that differ from the current ones; undefined when none does. */
export const changedFields = <T extends object>(
  current: T,
  wanted: Partially<T>,
): Partial<T> | undefined => {
  const before = new Map(membersOf(current))
  const changed = membersOf(wanted).filter(([field, value]) => !sameJson(value, before.get(field)))
  // The entries are the ones of `wanted`, less those that are undefined: a shape the compiler
  // cannot follow.
  return changed.length === 0 ? undefined : (Object.fromEntries(changed) as Partial<T>)
}

/** The current fields with the given ones over them. */
export const withFields = <T extends object>(current: T, wanted: Partially<T>): T => ({
  ...current,
  ...(Object.fromEntries(membersOf(wanted)) as Partial<T>),
})

/**
 * Deep equality of JSON values; members that are undefined count as absent, their order does not
 * count.
 */
export const sameJson = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true
  if (typeof left !== 'object' || typeof right !== 'object') return false
  if (left === null || right === null || Array.isArray(left) !== Array.isArray(right)) return false
  const leftMembers = membersOf(left)
  const rightMembers = new Map(membersOf(right))
  return (
    leftMembers.length === rightMembers.size &&
    leftMembers.every(([name, value]) => sameJson(value, rightMembers.get(name)))
  )
}

const membersOf = (value: object): [string, unknown][] => {
  const members: [string, unknown][] = Object.entries(value)
  return members.filter(([, member]) => member !== undefined)
}
