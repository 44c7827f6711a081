// The tables of the pets read model. Removed pets keep their row as a tombstone, so that their serial and version are
// never given again; every index but the key and the serial leaves them out.
import type { TableDefinition } from '../projection.ts'

const LISTED = 'where removed_at is null'
// What the documented filters look at: with it in an index, a page of ids is found without visiting the rows.
const DOCUMENTED = 'include (size, gender, good_with_kids, age_months, price, intake_date)'

const ALL_FLAGS =
  'include (species, size, gender, good_with_kids, age_months, good_with_dogs, good_with_cats, ' +
  'vaccinated, spayed_neutered, special_needs, price, intake_date)'

export const petsTable: TableDefinition = {
  name: 'pets',
  columns: `
    tenant_id text collate "C" not null,
    pet_id text collate "C" not null,
    version int not null,
    serial int not null,
    status text collate "C" not null,
    species text collate "C" not null,
    size text collate "C",
    gender text collate "C",
    good_with_kids boolean,
    good_with_dogs boolean,
    good_with_cats boolean,
    vaccinated boolean,
    spayed_neutered boolean,
    special_needs boolean,
    in_care boolean not null,
    age_months int not null,
    price numeric(12,2) not null,
    created_at timestamptz(3) not null,
    intake_date date not null,
    name_key text collate "C" not null,
    breed_key text collate "C",
    color_key text collate "C",
    shelter_id text collate "C",
    updated_at text not null,
    removed_at timestamptz(3),
    breed text,
    photos text storage main not null,
    body text storage main not null,
    extras text storage main not null,
    rest text storage main not null`, // what only events are folded on
  primaryKey: ['tenant_id', 'pet_id'],
  fillfactor: 90,
  unsearched: ['updated_at', 'photos', 'body', 'extras', 'rest'],
  indexes: [
    { name: 'serial', unique: true, on: '(tenant_id, serial)' },
    {
      name: 'status_newest',
      on: `(tenant_id, status, created_at, pet_id) ${ALL_FLAGS} ${LISTED}`,
    },
    {
      name: 'species_newest',
      on: `(tenant_id, status, species, created_at, pet_id) ${DOCUMENTED} ${LISTED}`,
    },
    {
      name: 'age',
      on: `(tenant_id, status, species, age_months, pet_id) include (size, gender, good_with_kids, price) ${LISTED}`,
    },
    {
      name: 'price',
      on: `(tenant_id, status, species, price, pet_id) include (size, gender, good_with_kids, age_months) ${LISTED}`,
    },
    { name: 'name', on: `(tenant_id, status, name_key, pet_id) ${LISTED}` },
    { name: 'intake', on: `(tenant_id, status, intake_date, pet_id) ${LISTED}` },
    {
      name: 'shelter',
      on: `(tenant_id, shelter_id, status, created_at, pet_id) include (species) ${LISTED}`,
    },
    { name: 'breed', on: `(tenant_id, breed_key, status, created_at, pet_id) ${LISTED}` },
  ],
}

// Beside the pets and not in them: a change of status, the most frequent event, then leaves the big index alone. The
// lexemes begin with the tenant's tag, so that a word's list in the index is one of this tenant and no one else's.
export const searchTable: TableDefinition = {
  name: 'pet_search',
  columns: `
    tenant_id text collate "C" not null,
    pet_id text collate "C" not null,
    status text collate "C" not null,
    species text collate "C" not null,
    document tsvector storage main not null`,
  primaryKey: ['pet_id', 'tenant_id'], // not the tenant first: that would be a second and slow way to a tenant's words
  fillfactor: 90,
  // Each search reads the list of rows that are not sorted in yet (KiB): a full one costs it about
  // 0.2 ms. A shorter one is sorted in more often, each word of it on its own, and costs every pet
  // half as much again.
  indexes: [{ name: 'document', on: 'using gin (document) with (gin_pending_list_limit = 1024)' }],
}

// Every word that a tenant's pets were ever described with: a misspelt word is looked up here, among thousands of words
// and not among a million pets. Words are never taken out; one that no pet has any more finds nothing.
export const wordsTable: TableDefinition = {
  name: 'pet_words',
  columns: `
    tenant_id text collate "C" not null,
    word text collate "C" not null`,
  primaryKey: ['tenant_id', 'word'],
  fillfactor: 100,
  indexes: [{ name: 'similar', on: 'using gin (tenant_id, word gin_trgm_ops)' }],
}

export const tenantsTable: TableDefinition = {
  name: 'pet_tenants',
  columns: `
    tenant_id text collate "C" not null,
    last int not null`, // serial given
  primaryKey: ['tenant_id'],
  fillfactor: 50,
  indexes: [],
}
