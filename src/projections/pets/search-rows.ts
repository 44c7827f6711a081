// What full text search looks at: one document a listed pet, written only when its words change, and the vocabulary.
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PetState } from '../../events/pet-state.ts'
import { tableName, type Target } from '../projection.ts'
import type { PetEntry } from './entry.ts'
import { statementFor } from '../statements.ts'
import { documentText, profileWords } from './words.ts'

/** Words by tenant that the page's pets were described with, in every state between. */
export type NewWords = Map<string, Set<string>>

export const writeSearch = async (
  tx: SqlExecutor,
  target: Target,
  entries: readonly PetEntry[],
): Promise<void> => {
  const removed = entries.filter(({ before, state }) => isListed(before) && !isListed(state))
  const changed = entries.flatMap((entry) => {
    const document = documentOf(entry.state)
    if (document === undefined || document === documentOf(entry.before)) return []
    return [{ ...entry, document }]
  })
  if (changed.length > 0) {
    await tx.query(upsertDocuments(target), [
      changed.map((entry) => entry.tenantId),
      changed.map((entry) => entry.petId),
      changed.map((entry) => entry.document),
    ])
  }
  if (removed.length > 0) {
    await tx.query(deleteDocuments(target), [
      removed.map((entry) => entry.tenantId),
      removed.map((entry) => entry.petId),
    ])
  }
}

export const addWords = async (tx: SqlExecutor, target: Target, words: NewWords): Promise<void> => {
  const pairs = [...words].flatMap(([tenantId, known]) =>
    [...known].map((word) => [tenantId, word] as const),
  )
  if (pairs.length === 0) return
  await tx.query(insertWords(target), [
    pairs.map(([tenantId]) => tenantId),
    pairs.map(([, word]) => word),
  ])
}

const isListed = (state: PetState): boolean => state.kind === 'present'

const documentOf = (state: PetState): string | undefined =>
  state.kind === 'present' ? documentText(profileWords(state.profile)) : undefined

// By primary key.
const upsertDocuments = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_search', target)} (tenant_id, pet_id, document)
    select * from unnest($1::text[], $2::text[], $3::tsvector[])
    on conflict (tenant_id, pet_id) do update set document = excluded.document`)

// By primary key.
const deleteDocuments = (target: Target): Statement | string =>
  statementFor(`delete from ${tableName('pet_search', target)} s
    using unnest($1::text[], $2::text[]) as k(tenant_id, pet_id)
    where s.tenant_id = k.tenant_id and s.pet_id = k.pet_id`)

// By primary key. Nearly all words of a page are known already, so they are looked for before anything is inserted.
const insertWords = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_words', target)} (tenant_id, word)
    select k.tenant_id, k.word from unnest($1::text[], $2::text[]) as k(tenant_id, word)
    where not exists (select from ${tableName('pet_words', target)} w
      where w.tenant_id = k.tenant_id and w.word = k.word)
    on conflict (tenant_id, word) do nothing`)
