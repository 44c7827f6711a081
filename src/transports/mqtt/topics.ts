// The topic tree: which topics an event is told on, and which events a filter asks for. Below the
// tenant (`tenants/<id>/`), and for the shared pool without a prefix:
// pets|orders|adoptions/<id>/status, pets/<id>/availability, orders/<id>/payment,
// inventory/<species>/stock, and events/<subject>/<type> with the whole CloudEvent.
import { SHARED_TENANT, tenantIdSchema, type TenantId } from '../../core/ids.ts'
import type { CompiledFilter, IndexKeys } from '../feed/filter.ts'
import { isTopicFilter, type Levels, levelsOf, matchesTopic } from './topic-filter.ts'

export type TopicKind = 'status' | 'availability' | 'payment' | 'event' | 'stock'

/** How a status follows from an event's data; null: what it was about is gone. */
type StatusOf = (data: Readonly<Record<string, unknown>>) => unknown

const given: StatusOf = ({ status }) => status

export const STATUS_EVENTS: ReadonlyMap<string, StatusOf> = new Map([
  ['pet.admitted', given],
  ['pet.status_changed', given],
  ['pet.adopted', given],
  ['pet.outcome_recorded', given],
  ['pet.returned', given],
  ['pet.removed', () => null],
  ['order.placed', () => 'PLACED'],
  ['order.status_changed', given],
  ['adoption.submitted', () => 'SUBMITTED'],
  ['adoption.status_changed', given],
  ['adoption.completed', () => 'COMPLETED'],
])

const PAYMENT = 'payment.'

/** The topics of an event, less the tenant's prefix. */
export const topicsOf = (
  type: string,
  subject: string,
): readonly Readonly<{ kind: TopicKind; levels: Levels }>[] => {
  const about = levelsOf(subject)
  const topics: { kind: TopicKind; levels: Levels }[] = []
  if (STATUS_EVENTS.has(type)) {
    topics.push({ kind: 'status', levels: [...about, 'status'] })
    if (about[0] === 'pets') {
      topics.push({ kind: 'availability', levels: [...about, 'availability'] })
    }
  }
  if (type.startsWith(PAYMENT)) topics.push({ kind: 'payment', levels: [...about, 'payment'] })
  topics.push({ kind: 'event', levels: ['events', ...about, type] })
  return topics
}

export const rootOf = (tenantId: TenantId): Levels =>
  tenantId === SHARED_TENANT ? [] : ['tenants', tenantId]

/** What a client asks for. `relative` is the filter below the tenant's root. */
export type Wanted = Readonly<{
  tenantId: TenantId
  levels: Levels
  relative: Levels
  after: string | undefined
}>

/** Where a client is told how far each of its filters is. A name of the server's own: no wildcard reaches it. */
export const CHECKPOINT_TOPIC = '$checkpoint'

export type WantedResult =
  | Readonly<{ kind: 'wanted'; wanted: Wanted }>
  | Readonly<{ kind: 'invalid' | 'shared_subscription' | 'many_tenants' }>

const SINCE = '$since'

/** A filter names one tenant: what spans several is granted to nobody. */
export const parseWanted = (text: string): WantedResult => {
  if (!isTopicFilter(text)) return { kind: 'invalid' }
  if (text.startsWith('$share/')) return { kind: 'shared_subscription' }
  const [first, cursor, ...rest] = levelsOf(text)
  const isSince = first === SINCE
  if (isSince && (cursor === undefined || rest.length === 0)) return { kind: 'invalid' }
  const levels = isSince ? rest : levelsOf(text)
  const after = isSince ? cursor : undefined
  if (levels[0] !== 'tenants') {
    return { kind: 'wanted', wanted: { tenantId: SHARED_TENANT, levels, relative: levels, after } }
  }
  const tenant = tenantIdSchema.safeParse(levels[1])
  if (!tenant.success || tenant.data === SHARED_TENANT || tenant.data !== levels[1]) {
    return { kind: 'many_tenants' }
  }
  return {
    kind: 'wanted',
    wanted: { tenantId: tenant.data, levels, relative: levels.slice(2), after },
  }
}

const isName = (level: string | undefined): level is string =>
  level !== undefined && level !== '+' && level !== '#'

/** The collection and the id that a filter's topics are about; undefined: any. */
export const aboutOf = (relative: Levels): Readonly<{ collection?: string; id?: string }> => {
  const [first, ...rest] = relative
  if (!isName(first)) return {}
  const [collection, id] = first === 'events' ? rest : relative
  if (!isName(collection)) return {}
  return isName(id) ? { collection, id } : { collection }
}

export const feedFilterOf = (relative: Levels): CompiledFilter => ({
  keys: keysOf(relative),
  matches: (type, subject) =>
    topicsOf(type, subject).some(({ levels }) => matchesTopic(relative, levels)),
})

const keysOf = (relative: Levels): IndexKeys => {
  const { collection, id } = aboutOf(relative)
  if (collection === undefined) return { by: 'all' }
  if (id === undefined) return { by: 'subject', exact: [], prefixes: [collection] }
  return { by: 'subject', exact: [`${collection}/${id}`], prefixes: [] }
}

const STOCK_TOPIC = ['inventory', 'DOG', 'stock']

/** Stock is counted by the read model; no single event says it. */
export const wantsStock = (relative: Levels): boolean =>
  isName(relative[1])
    ? matchesTopic(relative, ['inventory', relative[1], 'stock'])
    : matchesTopic(relative, STOCK_TOPIC)
