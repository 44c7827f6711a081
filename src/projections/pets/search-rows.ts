// What full text search looks at: one document a listed pet, written only when its words change.
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PetState, PresentPet } from '../../events/pet-state.ts'
import { tableName, type Target } from '../projection.ts'
import type { PetEntry } from './entry.ts'
import { statementFor } from '../statements.ts'
import { joinTexts, splitTexts } from './joined-texts.ts'
import { documentText, type ProfileWords } from './words.ts'

export const writeSearch = async (
  tx: SqlExecutor,
  target: Target,
  { changed: entries, words }: Readonly<{ changed: readonly PetEntry[]; words: ProfileWords }>,
): Promise<void> => {
  const removed = entries.filter(({ before, state }) => isListed(before) && !isListed(state))
  const listed = entries.flatMap(({ tenantId, petId, before, state, isNew }) =>
    state.kind === 'present' ? [{ tenantId, petId, before, pet: state, isNew }] : [],
  )
  const described = listed.flatMap(({ before, ...listing }) => {
    const { tenantId, pet } = listing
    const known = before.kind === 'present' ? before.profile : undefined
    if (known === pet.profile) return []
    const document = documentText(tenantId, pet.profile, words)
    const isKnown = known !== undefined && document === documentText(tenantId, known, words)
    return isKnown ? [] : [{ document, ...listing }]
  })
  await writeDocuments(
    tx,
    insertDocuments(target),
    described.filter(({ isNew }) => isNew),
  )
  await writeDocuments(
    tx,
    upsertDocuments(target),
    described.filter(({ isNew }) => !isNew),
  )
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

type Described = Readonly<{ tenantId: string; petId: string; pet: PresentPet; document: string }>

const writeDocuments = async (
  tx: SqlExecutor,
  statement: Statement | string,
  described: readonly Described[],
): Promise<void> => {
  if (described.length === 0) return
  await tx.query(statement, [
    described.map(({ tenantId }) => tenantId),
    described.map(({ petId }) => petId),
    described.map(({ pet }) => pet.status),
    described.map(({ pet }) => pet.profile.species),
    joinTexts(described.map(({ document }) => document)),
  ])
}

const isListed = (state: PetState): boolean => state.kind === 'present'

const insertText = (target: Target): string => {
  const columns = '$1::text[], $2::text[], $3::text[], $4::text[]'
  return `insert into ${tableName('pet_search', target)} (tenant_id, pet_id, status, species, document)
    select tenant_id, pet_id, status, species, document::tsvector
    from unnest(${columns}, ${splitTexts(5)}) as k(tenant_id, pet_id, status, species, document)`
}

// A pet that is new has no row, see the pets' own.
const insertDocuments = (target: Target): Statement | string => statementFor(insertText(target))

// By primary key.
const upsertDocuments = (target: Target): Statement | string =>
  statementFor(`${insertText(target)}
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
