// Lists of orders and of applications: by page and limit, or by an opaque cursor that neither misses nor repeats what
// was there when the reader began.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ListPage, ListPlace, ListResult } from '../../application.ts'
import type { TenantId } from '../../core/ids.ts'
import { uuidSchema } from '../../core/ids.ts'
import { DEFAULT_PAGE_SIZE, pageParameters, queryText } from './fields.ts'
import type { RouteParts } from './options.ts'
import { sendPrivate } from './private-answer.ts'
import { ProblemError } from './problem.ts'

export const queryId = () => queryText(36).pipe(uuidSchema).optional()

export const caseParameters = {
  petId: queryId(),
  ...pageParameters,
  cursor: z
    .custom<string>((value) => typeof value === 'string' && /^[\w-]{0,512}$/.test(value), {
      error: 'Must be a cursor from an earlier answer',
      params: { code: 'INVALID_FORMAT' },
    })
    .optional(),
}

type Paging = Readonly<{
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

export const collectionOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    data: z.array(item),
    pagination: z.strictObject({
      page: z.int(),
      limit: z.int(),
      totalItems: z.int(),
      totalPages: z.int(),
      nextCursor: z.string().nullable().optional(), // with cursor paging only
    }),
  })

export type Listing<Item> = Readonly<{
  tenantId: TenantId
  path: string // `/v1/orders`
  filters: Readonly<Record<string, string | readonly string[] | undefined>>
  paging: Paging
  load: (part: Readonly<{ limit: number; place: ListPlace }>) => Promise<ListResult<Item>>
  view: (item: Item) => object
}>

export const sendList = async <Item>(
  parts: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
  listing: Listing<Item>,
): Promise<FastifyReply> => {
  const { tenantId, paging, load, view } = listing
  const { limit = DEFAULT_PAGE_SIZE } = paging
  const place = placeOf(paging)
  const eventCursor = parts.eventCursors.ofReadModel(tenantId)
  const page = await load({ limit, place })
  if (page === 'bad_cursor') throw badCursor()
  const totalPages = Math.ceil(page.totalItems / limit)
  const pagination = {
    page: 'page' in place ? place.page : 1,
    limit,
    totalItems: page.totalItems,
    totalPages,
    ...('page' in place ? {} : { nextCursor: page.nextCursor }),
  }
  const link = linkField(parts.settings.publicUrl, listing, { place, limit, totalPages, page })
  return sendPrivate(request, reply, {
    tenantId,
    json: JSON.stringify({ data: page.items.map(view), pagination }),
    eventCursor,
    headers: { link },
  })
}

const placeOf = ({ page, cursor }: Paging): ListPlace => {
  if (cursor === undefined) return { page: page ?? 1 }
  return { after: cursor === '' ? null : cursor }
}

const badCursor = (): ProblemError =>
  new ProblemError('bad-request', 'The query is not valid. cursor: Is not one of ours.', {
    errors: [{ field: 'cursor', message: 'Is not a cursor of this list', code: 'INVALID_FORMAT' }],
  })

type Shown = Readonly<{
  place: ListPlace
  limit: number
  totalPages: number
  page: Pick<ListPage<unknown>, 'nextCursor'>
}>

const linkField = (
  publicUrl: string,
  { path, filters }: Pick<Listing<unknown>, 'path' | 'filters'>,
  { place, limit, totalPages, page: { nextCursor } }: Shown,
): string => {
  const link = (relation: string, at: ListPlace): string => {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(filters)) {
      if (value !== undefined) parameters.set(name, String(value))
    }
    if ('page' in at) parameters.set('page', String(at.page))
    else parameters.set('cursor', at.after ?? '')
    parameters.set('limit', String(limit))
    return `<${publicUrl}${path}?${parameters.toString()}>; rel="${relation}"`
  }
  if (!('page' in place)) {
    const next = nextCursor === null ? [] : [link('next', { after: nextCursor })]
    return [link('self', place), link('first', { after: null }), ...next].join(', ')
  }
  const last = Math.max(1, totalPages)
  const { page } = place
  return [
    link('self', place),
    link('first', { page: 1 }),
    ...(page > 1 ? [link('prev', { page: Math.min(page - 1, last) })] : []),
    ...(page < last ? [link('next', { page: page + 1 })] : []),
    link('last', { page: last }),
  ].join(', ')
}
