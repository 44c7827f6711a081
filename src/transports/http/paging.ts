// Lists in pages: by page and limit, or by an opaque cursor that neither misses nor repeats what was there when the
// reader began.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ListPage, ListPlace, ListResult } from '../../application.ts'
import type { TenantId } from '../../core/ids.ts'
import { uuidSchema } from '../../core/ids.ts'
import { DEFAULT_PAGE_SIZE, pageParameters, queryText } from './fields.ts'
import { linkField } from './link-field.ts'
import { sendPrivate } from './private-answer.ts'
import { ProblemError } from './problem.ts'

export const queryId = () => queryText(36).pipe(uuidSchema).optional()

export const MAX_CURSOR_LENGTH = 512

/** A cursor of a list, as far as its form goes. */
export const isListCursor = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_CURSOR_LENGTH && /^[\w.~=-]*$/.test(value)

export const cursorField = z
  .custom<string>(isListCursor, {
    error: 'Must be a cursor from an earlier answer',
    params: { code: 'INVALID_FORMAT' },
  })
  .meta({
    type: 'string',
    maxLength: MAX_CURSOR_LENGTH,
    description: 'Empty at first, then the nextCursor of the page before.',
  })

export const listParameters = { ...pageParameters, cursor: cursorField.optional() }

export type Paging = Readonly<{
  page?: number | undefined
  limit?: number | undefined
  cursor?: string | undefined
}>

export const notBoth = ({ page, cursor }: Paging): boolean =>
  page === undefined || cursor === undefined
export const clash = {
  path: ['cursor'],
  error: 'Cannot be combined with page',
  params: { code: 'INVALID_VALUE' },
}

export const paginationSchema = z.strictObject({
  page: z.int(),
  limit: z.int(),
  totalItems: z.int(),
  totalPages: z.int(),
  nextCursor: z.string().nullable().optional(), // with cursor paging only
})

export const collectionOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ data: z.array(item), pagination: paginationSchema })

export const badCursor = (list = 'list'): ProblemError =>
  new ProblemError('bad-request', 'The query is not valid. cursor: Is not one of ours.', {
    errors: [
      { field: 'cursor', message: `Is not a cursor of this ${list}`, code: 'INVALID_FORMAT' },
    ],
  })

export type AskedPage = Readonly<{ limit: number; place: ListPlace }>

export const askedPageOf = ({ page, limit = DEFAULT_PAGE_SIZE, cursor }: Paging): AskedPage => ({
  limit,
  place: cursor === undefined ? { page: page ?? 1 } : { after: cursor === '' ? null : cursor },
})

export type ListAddress = Readonly<{
  base: string // `https://pets.example.org/v1/orders`
  filters?: Readonly<Record<string, string | readonly string[] | undefined>>
}>

/** What a page says beside its items: `pagination` in the body, and the Link field. */
export const surroundingsOf = (
  address: ListAddress,
  asked: AskedPage,
  page: Pick<ListPage<unknown>, 'totalItems' | 'nextCursor'>,
) => {
  const { limit, place } = asked
  const { totalItems, nextCursor } = page
  const totalPages = Math.ceil(totalItems / limit)
  const pagination = {
    page: 'page' in place ? place.page : 1,
    limit,
    totalItems,
    totalPages,
    ...('page' in place ? {} : { nextCursor }),
  }
  const last = Math.max(1, totalPages)
  return { pagination, headers: linkField(linksOf(address, asked, { last, nextCursor })) }
}

const linksOf = (
  { base, filters = {} }: ListAddress,
  { limit, place }: AskedPage,
  { last, nextCursor }: Readonly<{ last: number; nextCursor: string | null }>,
) => {
  const at = (to: ListPlace): string => {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(filters)) {
      if (value !== undefined) parameters.set(name, String(value))
    }
    if ('page' in to) parameters.set('page', String(to.page))
    else parameters.set('cursor', to.after ?? '')
    parameters.set('limit', String(limit))
    return `${base}?${parameters.toString()}`
  }
  if (!('page' in place)) {
    const next = nextCursor === null ? null : at({ after: nextCursor })
    return { self: at(place), first: at({ after: null }), next }
  }
  const { page } = place
  return {
    self: at(place),
    first: at({ page: 1 }),
    prev: page > 1 ? at({ page: Math.min(page - 1, last) }) : null,
    next: page < last ? at({ page: page + 1 }) : null,
    last: at({ page: last }),
  }
}

export type Listing<Item> = ListAddress &
  Readonly<{
    tenantId: TenantId
    eventCursor: string // taken before the page is read
    paging: Paging
    load: (asked: AskedPage) => Promise<ListResult<Item>>
    view: (item: Item) => object
  }>

export const sendList = async <Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  listing: Listing<Item>,
): Promise<FastifyReply> => {
  const { tenantId, eventCursor, paging, load, view } = listing
  const asked = askedPageOf(paging)
  const page = await load(asked)
  if (page === 'bad_cursor') throw badCursor()
  const { pagination, headers } = surroundingsOf(listing, asked, page)
  const json = JSON.stringify({ data: page.items.map(view), pagination })
  return sendPrivate(request, reply, { tenantId, json, eventCursor, headers })
}
