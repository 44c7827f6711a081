// From the words of a question to a text search query. A word that begins a known word is taken as it is; any other is
// replaced by the known words nearest to it, so that small typing errors are forgiven.
import type { TenantId } from '../../core/ids.ts'
import type { SqlDatabase } from '../../core/sql.ts'
import { statementFor } from '../statements.ts'
import { editDistance, queryWords, tenantTag } from './words.ts'

const MIN_LENGTH_FOR_TYPOS = 4
const LONG_WORD = 6 // from here on two errors are forgiven
const MAX_ALTERNATIVES = 5

/** A tsquery as text; undefined when nothing can match. */
export const textQuery = async (
  database: SqlDatabase,
  tenantId: TenantId,
  question: Readonly<{ q: string; wordsTable: string }>,
): Promise<string | undefined> => {
  const asked = queryWords(question.q)
  if (asked.length === 0) return undefined
  const known = await knownWords(database, tenantId, { ...question, asked })
  const unknown = asked.filter((word) => !known.has(word))
  if (unknown.some((word) => word.length < MIN_LENGTH_FOR_TYPOS)) return undefined
  const alternatives =
    unknown.length === 0
      ? new Map<string, readonly string[]>()
      : await nearWords(database, tenantId, { ...question, asked: unknown })
  const tag = tenantTag(tenantId)
  const terms = asked.map((word) => {
    if (known.has(word)) return `'${tag}${word}':*`
    const words = alternatives.get(word) ?? []
    return words.length === 0
      ? undefined
      : `(${words.map((near) => `'${tag}${near}'`).join(' | ')})`
  })
  return terms.every((term) => term !== undefined) ? terms.join(' & ') : undefined
}

type Asked = Readonly<{ asked: readonly string[]; wordsTable: string }>

// A range of the primary key for each word: all words that begin with it lie together.
const knownWords = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { asked, wordsTable }: Asked,
): Promise<ReadonlySet<string>> => {
  const rows = await database.query<{ word: string }>(
    statementFor(`select a.word from unnest($2::text[]) as a(word)
      where exists (select from ${wordsTable} w
        where w.tenant_id = $1 and w.word >= a.word collate "C"
          and w.word < (a.word || chr(1114111)) collate "C")`),
    [tenantId, asked],
  )
  return new Set(rows.map((row) => row.word))
}

// Candidates by shared trigrams (the GIN index), and for short words, which share few, those of about the same length
// that begin alike (a range of the primary key). Both parts are limited; distances are then measured here.
const nearWords = async (
  database: SqlDatabase,
  tenantId: TenantId,
  { asked, wordsTable }: Asked,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const rows = await database.query<{ asked: string; word: string }>(
    statementFor(`select a.word as asked, near.word from unnest($2::text[]) as a(word)
      cross join lateral (
        (select w.word from ${wordsTable} w where w.tenant_id = $1 and w.word % a.word
          order by similarity(w.word, a.word) desc, w.word limit 20)
        union
        (select w.word from ${wordsTable} w
          where w.tenant_id = $1 and w.word >= left(a.word, 1) collate "C"
            and w.word < (left(a.word, 1) || chr(1114111)) collate "C"
            and length(w.word) between length(a.word) - 1 and length(a.word) + 1
          limit 500)
      ) as near`),
    [tenantId, asked],
  )
  const near = new Map<string, { word: string; distance: number }[]>()
  for (const { asked: word, word: candidate } of rows) {
    const limit = word.length >= LONG_WORD ? 2 : 1
    const distance = editDistance(word, candidate, limit)
    if (distance > limit) continue
    near.set(word, [...(near.get(word) ?? []), { word: candidate, distance }])
  }
  return new Map([...near].map(([word, found]) => [word, nearest(found)] as const))
}

const nearest = (found: readonly Readonly<{ word: string; distance: number }>[]): string[] =>
  found
    .toSorted((left, right) => left.distance - right.distance || (left.word < right.word ? -1 : 1))
    .slice(0, MAX_ALTERNATIVES)
    .map(({ word }) => word)
