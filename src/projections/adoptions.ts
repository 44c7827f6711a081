// The adoptions read model: lists of a tenant's applications, and who is in line for a pet. Whether an application
// holds its pet is not here but in the pet's own stream, so that the two cannot disagree.
import type { Version } from '../core/event.ts'
import type { TenantId } from '../core/ids.ts'
import type { SqlDatabase } from '../core/sql.ts'
import { type AdoptionEvent, adoptionStatusSchema } from '../events/adoption.ts'
import {
  type AdoptionState,
  evolveAdoption,
  isEnded,
  noAdoption,
  type PresentAdoption,
} from '../events/adoption-state.ts'
import { type CaseKind, foldCases } from './cases/fold.ts'
import { type CaseRow, listCases } from './cases/list.ts'
import type { CaseQuery } from './cases/query-types.ts'
import { caseTables } from './cases/tables.ts'
import type { ListResult } from './paging.ts'
import { liveTarget, type Projection, tableName } from './projection.ts'
import { statementFor } from './statements.ts'

export type AdoptionRecord = PresentAdoption & Readonly<{ id: string; version: Version }>
export type OpenAdoption = Readonly<{ adoptionId: string; applicantId: string }>

export type AdoptionQueries = Readonly<{
  list(
    tenantId: TenantId,
    query: Omit<CaseQuery, 'personId'> & Readonly<{ applicantId?: string }>,
  ): Promise<ListResult<AdoptionRecord>>
  /** The applications for a pet that have not ended, in the order in which the log has them. */
  openFor(tenantId: TenantId, petId: string): Promise<readonly OpenAdoption[]>
}>

const tables = { cases: 'adoptions', counts: 'adoption_counts' }
const OPEN_STATUSES = adoptionStatusSchema.options.filter((status) => !isEnded({ status }))

const adoptions: CaseKind<AdoptionState> = {
  tables,
  initial: noAdoption,
  // The codec has checked type and data; this is where the wide type becomes the union.
  evolve: (state, event) => evolveAdoption(state, event as unknown as AdoptionEvent),
  shownOf: (state) =>
    state.kind === 'present'
      ? { personId: state.applicantId, petId: state.petId, status: state.status }
      : undefined,
}

export const adoptionsProjection: Projection = {
  name: 'adoptions',
  version: 1,
  categories: ['adoption'],
  tables: caseTables(tables),
  apply: async (tx, target, events) => {
    await foldCases(adoptions, { tx, target }, events)
  },
}

export const createAdoptionQueries = ({
  database,
}: Readonly<{ database: SqlDatabase }>): AdoptionQueries => {
  const reading = { database, projection: adoptionsProjection, tables }
  return {
    list: async (tenantId, { applicantId, ...query }) => {
      const personId = applicantId === undefined ? {} : { personId: applicantId }
      const page = await listCases(reading, tenantId, { ...query, ...personId })
      return page === 'bad_cursor' ? page : { ...page, items: page.items.map(toRecord) }
    },
    openFor: (tenantId, petId) => openFor(database, tenantId, petId),
  }
}

const toRecord = ({ case_id: id, version, state }: CaseRow): AdoptionRecord => ({
  ...(JSON.parse(state) as PresentAdoption),
  id,
  version,
})

// A range of the index on (tenant_id, pet_id, position), which is in the order asked for.
const openFor = async (
  database: SqlDatabase,
  tenantId: TenantId,
  petId: string,
): Promise<readonly OpenAdoption[]> => {
  const rows = await database.query<{ case_id: string; person_id: string }>(
    statementFor(`select c.case_id, c.person_id
      from ${tableName(tables.cases, liveTarget(adoptionsProjection))} c
      where c.tenant_id = $1 and c.status is not null and c.pet_id = $2 and c.status = any($3::text[])
      order by c.position`),
    [tenantId, petId, OPEN_STATUSES],
  )
  return rows.map((row) => ({ adoptionId: row.case_id, applicantId: row.person_id }))
}
