// What can be asked of a list of cases, and what it answers. A case is an order or an application for adoption: it
// belongs to a person, is about a pet, and has a status.

export type ListPlace =
  | Readonly<{ page: number }> // from 1
  | Readonly<{ after: string | null }> // an opaque cursor of an earlier page; null: from the beginning

export type ListPage<Item> = Readonly<{
  items: readonly Item[]
  totalItems: number
  nextCursor: string | null // null: this was the last page
}>

/** `bad_cursor`: not one of this list's. */
export type ListResult<Item> = ListPage<Item> | 'bad_cursor'

/** Newest first. Members that are given have to hold all. */
export type CaseQuery = Readonly<{
  personId?: string
  petId?: string
  statuses?: readonly string[]
  limit: number
  place: ListPlace
}>
