// The opaque form of a place in a sorted list: the sort, its value and the pet's id. It is no secret and no proof; the
// tenant never comes from it, so a forged one shows nothing that its bearer could not list anyhow.
import { comparisonKey } from './rows.ts'
import type { PetSort } from './query-types.ts'

export type Place = Readonly<{ value: string; petId: string }>

const MAX_CURSOR_CHARACTERS = 2_000
const MAX_ID_CHARACTERS = 200

export const encodeCursor = (sort: PetSort, place: Place): string =>
  Buffer.from(JSON.stringify([sort.field, sort.order, place.value, place.petId])).toString(
    'base64url',
  )

/** Undefined for what is not one of ours, or of another sort. */
export const decodeCursor = (sort: PetSort, cursor: string): Place | undefined => {
  if (cursor.length > MAX_CURSOR_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  const parts = parse(Buffer.from(cursor, 'base64url').toString())
  if (parts === undefined) return undefined
  const [field, order, value, petId] = parts
  if (field !== sort.field || order !== sort.order) return undefined
  if (typeof value !== 'string' || typeof petId !== 'string') return undefined
  if (petId === '' || petId.length > MAX_ID_CHARACTERS || petId.includes('\0')) return undefined
  return VALUE_CHECKS[sort.field](value) ? { value, petId } : undefined
}

const parse = (text: string): readonly unknown[] | undefined => {
  try {
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) && parts.length === 4 ? parts : undefined
  } catch {
    return undefined
  }
}

// What the database would refuse is refused here.
const VALUE_CHECKS: Readonly<Record<PetSort['field'], (value: string) => boolean>> = {
  createdAt: (value) => /^\d{4}-/.test(value) && isoOf(value) === value,
  ageMonths: (value) => /^\d{1,9}$/.test(value),
  price: (value) => /^\d{1,10}(\.\d{1,2})?$/.test(value),
  name: (value) => !value.includes('\0') && comparisonKey(value) === value,
  intakeDate: (value) => /^\d{4}-\d\d-\d\d$/.test(value) && isoOf(value)?.slice(0, 10) === value,
  relevance: (value) => /^\d{1,9}$/.test(value),
}

const isoOf = (text: string): string | undefined => {
  const time = new Date(text)
  return Number.isNaN(time.getTime()) || text.startsWith('0000') ? undefined : time.toISOString()
}
