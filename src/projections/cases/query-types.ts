// What can be asked of a list of cases. A case is an order or an application for adoption: it belongs to a person, is
// about a pet, and has a status.
import type { ListPlace } from '../paging.ts'

/** Newest first. Members that are given have to hold all. */
export type CaseQuery = Readonly<{
  personId?: string
  petId?: string
  statuses?: readonly string[]
  limit: number
  place: ListPlace
}>
