// Retained state: read from the read model when somebody subscribes, page by page, and kept nowhere
// else. Each message says the cursor it is as of.
import type { Application } from '../../application.ts'
import type { CursorCodec } from '../../core/cursor.ts'
import { isUuid, type TenantId } from '../../core/ids.ts'
import type { MqttLimits } from './limits.ts'
import { type Message, messageAt, stateBody } from './messages.ts'
import { type Levels, matchesTopic } from './topic-filter.ts'
import { aboutOf, type TopicKind, wantsStock } from './topics.ts'

export type RetainedOptions = Readonly<{
  application: Pick<Application, 'pets' | 'orders' | 'adoptions' | 'readModel'>
  cursors: CursorCodec
  limits: Pick<MqttLimits, 'retainedMessages' | 'retainedPage'>
}>

export type RetainedReader = (
  tenantId: TenantId,
  relative: Levels,
  mayReceive: (message: Message) => boolean,
) => AsyncGenerator<Message>

type Shown = Readonly<{ id: string; status: string; updatedAt: string }>
type Found = Readonly<{ collection: string; items: readonly Shown[]; cursor: string }>
type Reading = RetainedOptions & Readonly<{ tenantId: TenantId }>

const KINDS: Readonly<Record<string, readonly TopicKind[]>> = {
  pets: ['status', 'availability'],
  orders: ['status'],
  adoptions: ['status'],
}
const SOME_ID = 'some-id'

export const createRetainedReader = (options: RetainedOptions): RetainedReader =>
  async function* retained(tenantId, relative, mayReceive) {
    const reading = { ...options, tenantId }
    let left = options.limits.retainedMessages
    for await (const message of messagesOf(reading, relative)) {
      if (!matchesTopic(relative, message.relative) || !mayReceive(message)) continue
      if (left === 0) return
      left -= 1
      yield message
    }
  }

/** Whether any retained topic can match: asked before anything is read. */
export const hasRetained = (relative: Levels): boolean =>
  wantsStock(relative) || Object.keys(KINDS).some((collection) => concerns(relative, collection))

const concerns = (relative: Levels, collection: string): boolean => {
  const { id = SOME_ID } = aboutOf(relative)
  return (KINDS[collection] ?? []).some((kind) => matchesTopic(relative, [collection, id, kind]))
}

async function* messagesOf(reading: Reading, relative: Levels): AsyncGenerator<Message> {
  for (const collection of Object.keys(KINDS)) {
    if (!concerns(relative, collection)) continue
    for await (const { items, cursor } of pagesOf(reading, collection, aboutOf(relative).id)) {
      for (const item of items) yield* statesOf(reading.tenantId, collection, { ...item, cursor })
    }
  }
  if (wantsStock(relative)) yield* await readStock(reading)
}

const statesOf = (
  tenantId: TenantId,
  collection: string,
  item: Shown & Readonly<{ cursor: string }>,
): readonly Message[] =>
  (KINDS[collection] ?? []).map((kind) => {
    const place = { kind, tenantId, relative: [collection, item.id, kind] }
    const properties = { cursor: item.cursor, time: item.updatedAt }
    return messageAt(place, { body: stateBody({ kind, ...item }), properties })
  })

/** The cursor is asked for before the page: the page shows at least what it says. */
async function* pagesOf(
  reading: Reading,
  collection: string,
  id: string | undefined,
): AsyncGenerator<Omit<Found, 'collection'>> {
  const asOf = () =>
    reading.cursors.encode(reading.tenantId, reading.application.readModel.position())
  if (id !== undefined) {
    const cursor = asOf()
    const item = isUuid(id) ? await single(reading, collection, id) : undefined
    if (item !== undefined) yield { items: [item], cursor }
    return
  }
  let after: string | null = null
  do {
    const cursor = asOf()
    const page: Page | undefined = await readPage(reading, collection, after)
    if (page === undefined) return
    yield { items: page.items, cursor }
    after = page.next
  } while (after !== null)
}

type Page = Readonly<{ items: readonly Shown[]; next: string | null }>

const single = async (
  { application, tenantId }: Reading,
  collection: string,
  id: string,
): Promise<Shown | undefined> => {
  if (collection === 'pets') {
    const pet = await application.pets.get(tenantId, id, { extras: false })
    return pet && shownPet(pet.json)
  }
  return collection === 'orders'
    ? application.orders.get(tenantId, id)
    : application.adoptions.get(tenantId, id)
}

const readPage = async (
  { application, tenantId, limits }: Reading,
  collection: string,
  after: string | null,
): Promise<Page | undefined> => {
  const limit = limits.retainedPage
  if (collection === 'pets') {
    const result = await application.pets.search(tenantId, {
      filter: {},
      sort: { field: 'createdAt', order: 'ASC' },
      paging: { kind: 'cursor', after, limit },
      facets: [],
      extras: false,
    })
    if (result.kind === 'bad_cursor') return undefined
    return { items: result.page.items.map(shownPet), next: result.page.nextCursor }
  }
  const list = collection === 'orders' ? application.orders.list : application.adoptions.list
  const result = await list(tenantId, { limit, place: { after } })
  return result === 'bad_cursor' ? undefined : { items: result.items, next: result.nextCursor }
}

const shownPet = (json: string): Shown => {
  const { id, status, updatedAt } = JSON.parse(json) as Shown
  return { id, status, updatedAt }
}

/** Of each species how many pets can be had now. */
export const readStock = async ({
  application,
  cursors,
  tenantId,
}: Omit<Reading, 'limits'>): Promise<readonly Message[]> => {
  const cursor = cursors.encode(tenantId, application.readModel.position())
  const { bySpecies } = await application.pets.inventory(tenantId)
  const result = await application.pets.search(tenantId, {
    filter: { status: ['AVAILABLE'] },
    sort: { field: 'createdAt', order: 'DESC' },
    paging: { kind: 'page', page: 1, limit: 1 },
    facets: ['species'],
    extras: false,
  })
  const available = result.kind === 'page' ? (result.page.facets?.species ?? {}) : {}
  return Object.keys(bySpecies).map((species) =>
    messageAt(
      { kind: 'stock', tenantId, relative: ['inventory', species, 'stock'] },
      {
        body: Buffer.from(JSON.stringify({ species, available: available[species] ?? 0, cursor })),
        properties: { cursor },
      },
    ),
  )
}
