// What is kept of each tenant: the last serial that it gave, and the vocabulary of its pets. One row a tenant serves
// both: it is written whenever either grows, so its writer tells whether what is known of the words still holds.
import type { SqlExecutor, Statement } from '../../core/sql.ts'
import type { PetProfile } from '../../events/pet.ts'
import { tableName, type Target } from '../projection.ts'
import { statementFor } from '../statements.ts'
import type { PetEntry } from './entry.ts'
import { createKnownWords } from './known-words.ts'
import type { ProfileWords } from './words.ts'

/** A profile that a pet had at the end of the page or in between. */
export type Description = Readonly<{ tenantId: string; profile: PetProfile }>

type Page = Readonly<{
  admitted: readonly PetEntry[]
  described: readonly Description[]
  words: ProfileWords
}>
type Tenant = { last: number; isWritten: boolean; readonly words: Set<string> }
type TenantRow = Readonly<{ tenant_id: string; last: number; written_by: string }>
type WordRow = Readonly<{ tenantId: string; word: string }>

const MAX_KNOWN_WORDS = 200_000
const knownWords = createKnownWords(MAX_KNOWN_WORDS)

/** Gives serials in the order of the log, which is the order of the entries, and stores the words that are new. */
export const writeTenants = async (
  tx: SqlExecutor,
  target: Target,
  { admitted, described, words: wordsOf }: Page,
): Promise<void> => {
  const ids = [...new Set([...admitted, ...described].map(({ tenantId }) => tenantId))]
  if (ids.length === 0) return
  const tenants = await loadTenants(tx, target, ids)
  for (const entry of admitted) {
    const tenant = tenantOf(tenants, entry.tenantId)
    tenant.isWritten = true
    tenant.last += 1
    entry.serial = tenant.last
  }
  const words = described.flatMap((description) => newWords(tenants, description, wordsOf))
  await addWords(tx, target, words)
  const written = [...tenants].filter(([, tenant]) => tenant.isWritten)
  if (written.length === 0) return
  const rows = await tx.query<Omit<TenantRow, 'last'>>(upsertTenants(target), [
    written.map(([tenantId]) => tenantId),
    written.map(([, tenant]) => tenant.last),
  ])
  for (const { tenant_id: tenantId, written_by: writtenBy } of rows) {
    knownWords.keep(cacheKey(target, tenantId), writtenBy, tenantOf(tenants, tenantId).words)
  }
}

const loadTenants = async (
  tx: SqlExecutor,
  target: Target,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Tenant>> => {
  const rows = await tx.query<TenantRow>(selectTenants(target), [ids])
  const found = new Map(rows.map((row) => [row.tenant_id, row] as const))
  return new Map(
    ids.map((id) => {
      const row = found.get(id)
      const words = knownWords.of(cacheKey(target, id), row?.written_by)
      return [id, { last: row?.last ?? 0, isWritten: false, words }] as const
    }),
  )
}

const tenantOf = (tenants: ReadonlyMap<string, Tenant>, id: string): Tenant => {
  const tenant = tenants.get(id)
  if (tenant === undefined) throw new Error(`the tenant ${id} was not loaded`)
  return tenant
}

const newWords = (
  tenants: ReadonlyMap<string, Tenant>,
  { tenantId, profile }: Description,
  wordsOf: ProfileWords,
): readonly WordRow[] => {
  const tenant = tenantOf(tenants, tenantId)
  const found: WordRow[] = []
  for (const word of wordsOf(profile).keys()) {
    if (tenant.words.has(word)) continue
    tenant.words.add(word)
    tenant.isWritten = true
    found.push({ tenantId, word })
  }
  return found
}

const addWords = async (
  tx: SqlExecutor,
  target: Target,
  words: readonly WordRow[],
): Promise<void> => {
  if (words.length === 0) return
  await tx.query(insertWords(target), [
    words.map(({ tenantId }) => tenantId),
    words.map(({ word }) => word),
  ])
}

const cacheKey = (target: Target, tenantId: string): string =>
  `${tableName('pet_tenants', target)} ${tenantId}`

// By primary key. xmin is the transaction that wrote the row.
const selectTenants = (target: Target): Statement | string =>
  statementFor(`select tenant_id, last, xmin::text as written_by from ${tableName('pet_tenants', target)}
    where tenant_id = any($1::text[])`)

// By primary key, one statement for all tenants of the page.
const upsertTenants = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_tenants', target)} (tenant_id, last)
    select * from unnest($1::text[], $2::int[])
    on conflict (tenant_id) do update set last = excluded.last
    returning tenant_id, xmin::text as written_by`)

// By primary key. Words that are not known here may be stored all the same, so they are looked for
// before any is inserted.
const insertWords = (target: Target): Statement | string =>
  statementFor(`insert into ${tableName('pet_words', target)} (tenant_id, word)
    select k.tenant_id, k.word from unnest($1::text[], $2::text[]) as k(tenant_id, word)
    where not exists (select from ${tableName('pet_words', target)} w
      where w.tenant_id = k.tenant_id and w.word = k.word)
    on conflict (tenant_id, word) do nothing`)
