// The MQTT transport over a feed on the memory log, with a read model made by hand and tokens that
// are names of principals.
import type { Test } from 'tap'
import type { Principal, Scope } from '../../../src/core/auth.ts'
import { tenantIdSchema, type TenantId } from '../../../src/core/ids.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import type { MqttSessions } from '../../../src/core/mqtt-sessions.ts'
import { createMemoryMqttSessions } from '../../../src/adapters/memory/mqtt-sessions.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../../src/adapters/system/ids.ts'
import {
  createMqtt,
  type MqttOptions,
  type MqttTransport,
} from '../../../src/transports/mqtt/server.ts'
import type { MqttLimits } from '../../../src/transports/mqtt/limits.ts'
import {
  feedHarness,
  type FeedHarness,
  type HarnessOptions,
  OTHER_TENANT,
  SHARED_TENANT,
  TENANT,
} from '../feed/harness.ts'

export { OTHER_TENANT, SHARED_TENANT, TENANT }
export { write } from '../feed/harness.ts'

export type Shown = { id: string; status: string; updatedAt: string }
export type ReadModel = {
  pets: Map<TenantId, Shown[]>
  orders: Map<TenantId, Shown[]>
  adoptions: Map<TenantId, Shown[]>
  available: number // of dogs
}

export type MqttHarness = FeedHarness &
  Readonly<{
    mqtt: MqttTransport
    url: string
    port: number
    sessions: MqttSessions
    readModel: ReadModel
    principals: Map<string, Principal>
    clock: () => number
    /** Another server on the same log and the same sessions. */
    another: () => Promise<Readonly<{ mqtt: MqttTransport; port: number; url: string }>>
  }>

export const principalOf = (subject: string, more: Partial<Principal> = {}): Principal => ({
  subject,
  kind: 'user',
  tenants: [TENANT],
  scopes: new Set<Scope>(['read:events']),
  expiresAtMs: systemClock() + 3_600_000,
  ...more,
})

const PAGE = 2

export type MqttHarnessOptions = HarnessOptions &
  Readonly<{ mqtt?: Partial<MqttLimits>; options?: Partial<MqttOptions> }>

export const mqttHarness = async (
  t: Test,
  options: MqttHarnessOptions = {},
): Promise<MqttHarness> => {
  const harness = await feedHarness(t, options)
  const clock = options.clock ?? systemClock
  const sessions = createMemoryMqttSessions({ clock })
  const readModel: ReadModel = {
    ...{ pets: new Map(), orders: new Map(), adoptions: new Map() },
    available: 0,
  }
  const principals = new Map<string, Principal>([
    ['staff', principalOf('staff')],
    ['holder', principalOf('holder', { scopes: new Set() })],
    ['other', principalOf('other', { tenants: [OTHER_TENANT] })],
    ['shared-staff', principalOf('shared-staff', { tenants: [SHARED_TENANT] })],
  ])
  const live = (token: string): Principal | undefined => {
    const found = principals.get(token)
    return found !== undefined && found.expiresAtMs > clock() ? found : undefined
  }
  const make = () =>
    createMqtt({
      ...harness,
      ...{ clock, sessions, logger: silentLogger, metrics: noMetrics, ids: uuidV7(clock) },
      application: applicationOf(readModel, harness.feed),
      verifier: { verify: async (token) => live(token) },
      credentials: { find: async () => undefined, findByUser: async () => undefined },
      passwords: { hash: async () => 'hash', verify: async () => false },
      attempts: { countAddress: async () => {}, countName: async () => async () => {} },
      allowAnonymous: true,
      settings: { stockDelayMs: 5, closeGraceMs: 100, retainedPage: PAGE, ...options.mqtt },
      ...options.options,
    })
  const start = async () => {
    const mqtt = make()
    t.teardown(() => mqtt.stop())
    const port = await mqtt.listen({ host: '127.0.0.1', port: 0 })
    return { mqtt, port, url: `mqtt://127.0.0.1:${String(port)}` }
  }
  return { ...harness, ...(await start()), sessions, readModel, principals, clock, another: start }
}

export const applicationOf = (
  readModel: ReadModel,
  feed: Pick<FeedHarness['feed'], 'head'>,
): MqttOptions['application'] => {
  const list = (from: Map<TenantId, Shown[]>) => async (tenantId: TenantId, query: unknown) => {
    const { after } = (query as { place: { after: string | null } }).place
    const all = from.get(tenantId) ?? []
    const at = Number(after ?? 0)
    const next = at + PAGE < all.length ? String(at + PAGE) : null
    return { items: all.slice(at, at + PAGE), totalItems: all.length, nextCursor: next }
  }
  const get = (from: Map<TenantId, Shown[]>) => async (tenantId: TenantId, id: string) =>
    from.get(tenantId)?.find((each) => each.id === id)
  const pets = {
    search: async (tenantId: TenantId, query: { paging: object }) => {
      const after = 'after' in query.paging ? query.paging.after : null
      const page = await list(readModel.pets)(tenantId, { place: { after } })
      const items = page.items.map((each) => JSON.stringify(each))
      const facets = { species: { DOG: readModel.available } }
      return { kind: 'page', page: { ...page, items, facets } }
    },
    get: async (tenantId: TenantId, id: string) => {
      const found = await get(readModel.pets)(tenantId, id)
      return found && { json: JSON.stringify(found), version: 1, updatedAt: found.updatedAt }
    },
    inventory: async () => ({ byStatus: {}, bySpecies: { DOG: 9, CAT: 0 }, total: 9 }),
  }
  return {
    pets,
    orders: { list: list(readModel.orders), get: get(readModel.orders) },
    adoptions: { list: list(readModel.adoptions), get: get(readModel.adoptions) },
    users: { get: async () => undefined },
    readModel: { position: feed.head, generation: () => 0, waitFor: async () => true },
  } as unknown as MqttOptions['application']
}

export const ROOT = `tenants/${TENANT}`
export const OTHER_ROOT = `tenants/${tenantIdSchema.parse(OTHER_TENANT)}`
