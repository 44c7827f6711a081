// What a list is asked for beside its filters: `_limit`, `_start` or `_offset`, `_sort` and `_order`. Nothing is paged
// unless it is asked for, and no answer has more than MAX_ROWS.
import type { ClassicRange } from '../../../application.ts'
import { queryInteger, queryText } from '../fields.ts'

export const MAX_ROWS = 1_000
const MAX_OFFSET = 1_000_000_000
const MAX_SORT_FIELDS = 5

const listed = (
  isKnown: (name: string) => boolean,
  names: Readonly<{ error: string; code: string }>,
) =>
  queryText(200).refine(
    (text) => {
      const parts = text.split(',')
      return parts.length <= MAX_SORT_FIELDS && parts.every(isKnown)
    },
    { error: names.error, params: { code: names.code } },
  )

/** `fields`: the names that can be sorted by. */
export const listControls = (fields: readonly string[]) => ({
  _limit: queryInteger(0, MAX_OFFSET).optional(),
  _start: queryInteger(0, MAX_OFFSET).optional(),
  _offset: queryInteger(0, MAX_OFFSET).optional(),
  _sort: listed((name) => fields.includes(name.replace(/^-/, '')), {
    error: `Must be at most ${MAX_SORT_FIELDS} of: ${fields.join(', ')}`,
    code: 'INVALID_ENUM_VALUE',
  }).optional(),
  _order: listed((order) => /^(asc|desc)$/i.test(order), {
    error: 'Must be asc or desc, one for each field of _sort',
    code: 'INVALID_ENUM_VALUE',
  }).optional(),
})

type Controls = Readonly<{
  _limit?: number | undefined
  _start?: number | undefined
  _offset?: number | undefined
  _sort?: string | undefined
  _order?: string | undefined
}>

/** Two names of one thing may not contradict each other. */
export const startsOnce = ({ _start, _offset }: Controls): boolean =>
  _start === undefined || _offset === undefined || _start === _offset
export const STARTS_ONCE = {
  path: ['_offset'],
  error: 'Is another name of _start: give one of them',
  params: { code: 'INVALID_VALUE' },
}

/** `fields`: what each name that can be sorted by is called in the read model; `id` among them. */
export const rangeOf = <Field>(
  controls: Controls,
  fields: Readonly<Record<string, Field>>,
): ClassicRange<Field> => {
  const orders = controls._order?.toLowerCase().split(',') ?? []
  // An order without a field is one of the ids.
  const names = controls._sort?.split(',') ?? (orders.length === 0 ? [] : ['id'])
  const sort = names.flatMap((name, index) => {
    const field = fields[name.replace(/^-/, '')]
    if (field === undefined) return []
    const isDescending = name.startsWith('-') || orders[index] === 'desc'
    return [{ field, order: isDescending ? ('DESC' as const) : ('ASC' as const) }]
  })
  return {
    sort,
    offset: controls._start ?? controls._offset ?? 0,
    limit: Math.min(controls._limit ?? MAX_ROWS, MAX_ROWS),
  }
}
