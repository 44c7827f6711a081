// Pages of a list: by number, or from an opaque cursor on. A cursor is the list's name and the item that the page ended
// with. It is no secret and no proof: where that item stands is looked up among the tenant's own, and told to nobody.
const MAX_CURSOR_CHARACTERS = 500
const ID = /^[\w-]{1,100}$/

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

export const encodeListCursor = (list: string, itemId: string): string =>
  Buffer.from(JSON.stringify([list, itemId])).toString('base64url')

/** The item; undefined for what is not a cursor of this list. */
export const decodeListCursor = (list: string, cursor: string): string | undefined => {
  if (cursor.length > MAX_CURSOR_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  const parts = parse(Buffer.from(cursor, 'base64url').toString())
  const [name, itemId] = parts ?? []
  if (name !== list || typeof itemId !== 'string') return undefined
  return ID.test(itemId) ? itemId : undefined
}

const parse = (text: string): readonly unknown[] | undefined => {
  try {
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) && parts.length === 2 ? parts : undefined
  } catch {
    return undefined
  }
}
