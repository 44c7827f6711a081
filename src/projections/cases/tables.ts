// The tables of a list of cases: one row a case, and how many there are of each status. A row of a case that nobody
// is to see any more stays, without a status, so that its events are not folded again.
import type { TableDefinition } from '../projection.ts'

export type CaseTables = Readonly<{ cases: string; counts: string }>

export const caseTables = ({ cases, counts }: CaseTables): readonly TableDefinition[] => [
  {
    name: cases,
    // The position is that of the first event: log order, and unlike a time never the same twice.
    columns: `
      tenant_id text collate "C" not null,
      case_id text collate "C" not null,
      version int not null,
      position bigint not null,
      person_id text collate "C" not null,
      pet_id text collate "C" not null,
      status text collate "C",
      state text not null`,
    primaryKey: ['tenant_id', 'case_id'],
    fillfactor: 85,
    unsearched: ['state'],
    indexes: [
      { name: 'newest', on: '(tenant_id, position) where status is not null' },
      { name: 'status', on: '(tenant_id, status, position) where status is not null' },
      { name: 'person', on: '(tenant_id, person_id, position) where status is not null' },
      { name: 'pet', on: '(tenant_id, pet_id, position) where status is not null' },
    ],
  },
  {
    name: counts,
    columns: `
      tenant_id text collate "C" not null,
      status text collate "C" not null,
      count int not null`,
    primaryKey: ['tenant_id', 'status'],
    fillfactor: 50,
    indexes: [],
  },
]
