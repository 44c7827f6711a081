// How text becomes words, for what is stored and for what is asked alike: letters and digits, lower case, no accents.
// No stemming and no stop words, because most words are names and breeds, in any language.
import type { PetProfile } from '../../events/pet.ts'

const MAX_WORDS_PER_PET = 400
const MAX_WORD_CHARACTERS = 40
const MAX_QUERY_WORDS = 8
const WORD = /[\p{L}\p{N}]+/gu
const ASCII = /^[\0-\x7f]*$/

export const wordsOf = (text: string): readonly string[] =>
  (plain(text).match(WORD) ?? []).map((word) =>
    word.length <= MAX_WORD_CHARACTERS ? word : [...word].slice(0, MAX_WORD_CHARACTERS).join(''),
  )

// Text without accents, the most frequent, is left as it is.
const plain = (text: string): string =>
  (ASCII.test(text) ? text : text.normalize('NFKD').replace(/\p{M}/gu, '')).toLowerCase()

export const queryWords = (q: string): readonly string[] =>
  [...new Set(wordsOf(q))].slice(0, MAX_QUERY_WORDS)

/** The weights of a text search document: the name counts most, the description least. */
const WEIGHTED: readonly (readonly [
  'A' | 'B' | 'C' | 'D',
  (profile: PetProfile) => string | null,
])[] = [
  ['A', (profile) => profile.name],
  ['B', (profile) => profile.breed],
  ['C', (profile) => profile.color],
  ['C', (profile) => profile.temperament],
  ['D', (profile) => profile.description],
]

/** Each distinct word with its best weight and its first place. */
export type ProfileWords = (profile: PetProfile) => ReadonlyMap<string, string>

/** For one page of events: each profile is asked for twice in it, and taken apart once. */
export const createProfileWords = (): ProfileWords => {
  const taken = new Map<PetProfile, ReadonlyMap<string, string>>()
  return (profile) => {
    const known = taken.get(profile)
    if (known !== undefined) return known
    const words = takeWords(profile)
    taken.set(profile, words)
    return words
  }
}

const takeWords = (profile: PetProfile): ReadonlyMap<string, string> => {
  const words = new Map<string, string>()
  let place = 0
  for (const [weight, read] of WEIGHTED) {
    for (const word of wordsOf(read(profile) ?? '')) {
      place += 1
      if (words.size >= MAX_WORDS_PER_PET) return words
      if (!words.has(word)) words.set(word, `${place}${weight}`)
    }
  }
  return words
}

/**
 * The text form of a tsvector, each word behind the tenant's tag, and the species as a lexeme that no word can be.
 * Words have letters and digits alone, so quoting them is enough.
 */
export const documentText = (
  tenantId: string,
  profile: PetProfile,
  wordsOfProfile: ProfileWords,
): string => {
  const tag = tenantTag(tenantId)
  let text = ''
  for (const [word, place] of wordsOfProfile(profile)) text += `'${tag}${word}':${place} `
  return `${text}'${speciesLexeme(tag, profile.species)}'`
}

export const speciesLexeme = (tag: string, species: string): string => `${tag}=${species}`

const TAG_CHARACTERS = 5

/** Short and of fixed length. That two tenants may have the same one is harmless: rows are compared by tenant too. */
export const tenantTag = (tenantId: string): string => {
  let hash = 0x811c9dc5 // FNV-1a
  for (let index = 0; index < tenantId.length; index += 1) {
    hash = Math.imul(hash ^ tenantId.charCodeAt(index), 0x01000193)
  }
  return (hash >>> 0).toString(36).padStart(TAG_CHARACTERS, '0').slice(-TAG_CHARACTERS)
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to another; above the limit, limit + 1. */
export const editDistance = (left: string, right: string, limit: number): number => {
  if (Math.abs(left.length - right.length) > limit) return limit + 1
  let before: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1]
      let best = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      )
      const swapped =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      if (swapped) best = Math.min(best, at(before, column - 2) + 1)
      current.push(best)
    }
    if (Math.min(...current) > limit) return limit + 1
    before = previous
    previous = current
  }
  return Math.min(at(previous, right.length), limit + 1)
}

const at = (row: readonly number[], column: number): number => row[column] ?? Infinity
