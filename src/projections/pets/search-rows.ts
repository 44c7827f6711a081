// What full text search looks at: one document a listed pet, written only when its words change, and the vocabulary.
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PetState } from '../../events/pet-state.ts'
import { tableName, type Target } from '../projection.ts'
import type { PetEntry } from './entry.ts'
import { statementFor } from '../statements.ts'
import { documentText } from './words.ts'

/** Words by tenant that the page's pets were described with, in every state between. */
export type NewWords = Map<string, Set<string>>

export const writeSearch = async (
  tx: SqlExecutor,
  target: Target,
  entries: readonly PetEntry[],
): Promise<void> => {
  const removed = entries.filter(({ before, state }) => isListed(before) && !isListed(state))
  const listed = entries.flatMap(({ tenantId, petId, before, state }) =>
    state.kind === 'present' ? [{ tenantId, petId, before, pet: state }] : [],
  )
  const described = listed.flatMap(({ tenantId, petId, before, pet }) => {
    const known = before.kind === 'present' ? before.profile : undefined
    if (known === pet.profile) return []
    const document = documentText(tenantId, pet.profile)
    const isKnown = known !== undefined && document === documentText(tenantId, known)
    return isKnown ? [] : [{ tenantId, petId, pet, document }]
  })
  if (described.length > 0) {
    await tx.query(upsertDocuments(target), [
      described.map(({ tenantId }) => tenantId),
      described.map(({ petId }) => petId),
      described.map(({ pet }) => pet.status),
      described.map(({ pet }) => pet.profile.species),
      described.map(({ document }) => document),
    ])
  }
  const moved = listed.filter(
    ({ before, pet }) => before.kind === 'present' && before.status !== pet.status,
  )
  if (moved.length > 0) {
    await tx.query(updateStatuses(target), [
      moved.map(({ tenantId }) => tenantId),
      moved.map(({ petId }) => petId),
      moved.map(({ pet }) => pet.status),
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

// By primary key.
const upsertDocuments = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_search', target)} (tenant_id, pet_id, status, species, document)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::tsvector[])
    on conflict (tenant_id, pet_id) do update
      set status = excluded.status, species = excluded.species, document = excluded.document`)

// By primary key. No index has the status, so the row stays on its page and the text index is left alone.
const updateStatuses = (target: Target): Statement | string =>
  statementFor(`update ${tableName('pet_search', target)} s set status = k.status
    from unnest($1::text[], $2::text[], $3::text[]) as k(tenant_id, pet_id, status)
    where s.tenant_id = k.tenant_id and s.pet_id = k.pet_id`)

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
