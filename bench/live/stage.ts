// The server that is measured, with its log, tokens for a crowd, and its peers.
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import type { NewEvent } from '../../src/core/event.ts'
import type { EventStore } from '../../src/core/event-store.ts'
import { SHARED_TENANT, type TenantId } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { noMetrics } from '../../src/core/metrics.ts'
import { petAdmitted } from '../../src/events/pet.ts'
import { type RunningServer, startPawtrail, startPeer } from '../lib/processes.ts'
import { tokenIssuer } from '../lib/token.ts'
import { description, PLAIN_MARK } from './marks.ts'

export type Token = Readonly<{ token: string; tenant: string }>

export type Stage = Readonly<{
  server: RunningServer
  ports: Readonly<{ http: number; mqtt: number }>
  /** Of so many callers, in turn of the tenants that are given. */
  tokens: (callers: number, tenants?: readonly TenantId[]) => Promise<readonly Token[]>
  /** Stores so many events at once, the last one with the mark. */
  burst: (events: number, mark: string) => Promise<void>
  /** Stores one event by way of the API. */
  admit: () => Promise<void>
  peer: (name: 'ws' | 'sse' | 'socketio') => Promise<RunningServer>
  stop: () => Promise<void>
}>

const MEASURED = ['--expose-gc', '--import', new URL('./preload.mjs', import.meta.url).href]
const SETTLE_MS = 400 // for what was just opened to become idle, or live
const LIFETIME_SECONDS = 7_200
export const TYPES = 'pet.updated'
export const settle = (): Promise<void> => delay(SETTLE_MS)
export const portOf = ({ url }: RunningServer): number => Number(new URL(url).port)

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })

/** `flags`: for the server and its peers. */
export const makeStage = async (
  databaseUrl: string,
  flags: readonly string[] = [],
): Promise<Stage> => {
  const mqtt = await freePort()
  const server = await startPawtrail(databaseUrl, {
    settings: { MQTT_PORT: String(mqtt) },
    nodeFlags: [...MEASURED, ...flags, ...profileFlags()],
  })
  const issuer = await tokenIssuer(server.dataDir)
  const store = await createPostgresEventStore({
    ...{ url: databaseUrl, logger: silentLogger, metrics: noMetrics, clock: systemClock },
  })
  const tokenOf = async (subject: string, tenant: TenantId): Promise<Token> => {
    const { token } = await issuer.issue({
      ...{ subject, kind: 'client', tenants: [tenant], lifetimeSeconds: LIFETIME_SECONDS },
      scopes: ['write:pets', 'read:events'],
    })
    return { token, tenant }
  }
  const writer = await tokenOf('writer', SHARED_TENANT)
  return {
    server,
    ports: { http: portOf(server), mqtt },
    tokens: (callers, tenants = [SHARED_TENANT]) =>
      Promise.all(
        Array.from({ length: callers }, (_, n) =>
          tokenOf(`bench-${n}`, tenants[n % tenants.length] ?? SHARED_TENANT),
        ),
      ),
    burst: (events, mark) => appendBurst(store, events, mark),
    admit: () => admit(server.url, writer.token),
    peer: (name) =>
      startPeer(new URL(`./peers/${name}.ts`, import.meta.url), {}, [...MEASURED, ...flags]),
    async stop() {
      await store.close()
      await server.stop()
    },
  }
}

/** PROFILE=<folder> keeps a profile of the server's processor time there. */
const profileFlags = (): readonly string[] => {
  const folder = process.env['PROFILE']
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

const ids = uuidV7(systemClock)
const metadata = {
  actor: { kind: 'system', id: 'bench' },
  correlationId: ids(),
  causationId: null,
} as const

const newEvent = (type: string, data: NewEvent['data']): NewEvent => ({
  ...{ eventId: ids(), type, schemaVersion: 1, data, occurredAt: new Date().toISOString() },
})

const EVENTS_PER_APPEND = 100

/** Appends that travel together, in this order: as few transactions as it takes. */
const appendBurst = async (store: EventStore, events: number, mark: string): Promise<void> => {
  const changed = (text: string): NewEvent =>
    newEvent(TYPES, { changes: { description: description(text) } })
  const marks = [...Array.from({ length: events - 1 }, () => PLAIN_MARK), mark]
  const appends: Promise<unknown>[] = []
  for (let from = 0; from < events; from += EVENTS_PER_APPEND - 1) {
    const some = marks.slice(from, from + EVENTS_PER_APPEND - 1).map(changed)
    const admitted = newEvent(petAdmitted.type, petAdmitted.sample)
    const stream = { tenantId: SHARED_TENANT, category: 'pet', id: ids() }
    appends.push(
      store.append({ stream, expectedVersion: 0, metadata, events: [admitted, ...some] }),
    )
  }
  await Promise.all(appends)
}

const admit = async (url: string, token: string): Promise<void> => {
  const answer = await fetch(`${url}/v1/pets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({
      ...{ name: 'Luna', species: 'CAT', ageMonths: 18, price: '75.00', currency: 'USD' },
      description: description(PLAIN_MARK),
    }),
  })
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
  await answer.arrayBuffer()
}
