// Clients, authorization codes and devices in memory, with the promises of the PostgreSQL ones: for tests.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator } from '../../core/ids.ts'
import {
  type Agreed,
  CODE_LIFETIME_SECONDS,
  type CodeGrant,
  DEVICE_INTERVAL_SECONDS,
  DEVICE_LIFETIME_SECONDS,
  type DeviceRequest,
  MAX_CLIENTS,
  type OAuthClient,
  type OAuthStore,
  userCodeKey,
  userCodeOf,
} from '../../core/oauth.ts'

const SECRET_BYTES = 32
const USED_CODE_MEMORY_MS = 24 * 3_600_000
const POLL_TOLERANCE_MS = 1_000
const SLOW_DOWN_MS = 5_000
const MAX_INTERVAL_MS = 60_000

export type MemoryOAuthStoreOptions = Readonly<{
  clock: Clock
  ids: IdGenerator
  randomToken: (bytes: number) => string
}>

export const createMemoryOAuthStore = (options: MemoryOAuthStoreOptions): OAuthStore => ({
  ...createClients(options),
  ...createCodes(options),
  ...createDevices(options),
})

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

const createClients = ({ clock, ids, randomToken }: MemoryOAuthStoreOptions) => {
  const clients = new Map<string, Readonly<{ client: OAuthClient; secretHash: string | null }>>()
  return {
    createClient: async (definition) => {
      if (clients.size >= MAX_CLIENTS) return undefined
      const secret = definition.kind === 'confidential' ? randomToken(SECRET_BYTES) : null
      const client = { ...definition, id: ids(), createdAtMs: clock() }
      clients.set(client.id, { client, secretHash: secret === null ? null : hashOf(secret) })
      return { client, secret }
    },
    findClient: async (clientId) => clients.get(clientId)?.client,
    authenticate: async (clientId, secret) => {
      const found = clients.get(clientId)
      const known = found?.secretHash ?? '0'.repeat(64) // of nothing
      const isRight = timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(known))
      return isRight ? found?.client : undefined
    },
    listClients: async () => [...clients.values()].map(({ client }) => client),
    removeClient: async (clientId) => clients.delete(clientId),
  } satisfies Partial<OAuthStore>
}

type StoredCode = { grant: CodeGrant; family: string; expiresAtMs: number; used: boolean }

const createCodes = ({ clock, ids, randomToken }: MemoryOAuthStoreOptions) => {
  const codes = new Map<string, StoredCode>()
  return {
    createCode: async (grant) => {
      for (const [hash, entry] of codes)
        if (entry.expiresAtMs + USED_CODE_MEMORY_MS <= clock()) codes.delete(hash)
      const code = randomToken(SECRET_BYTES)
      const expiresAtMs = clock() + CODE_LIFETIME_SECONDS * 1000
      codes.set(hashOf(code), { grant, family: ids(), expiresAtMs, used: false })
      return code
    },
    findCode: async (code) => {
      const entry = codes.get(hashOf(code))
      if (entry === undefined) return undefined
      const state = entry.used ? 'used' : entry.expiresAtMs <= clock() ? 'expired' : 'fresh'
      return { ...entry.grant, family: entry.family, state }
    },
    useCode: async (code) => {
      const entry = codes.get(hashOf(code))
      if (entry === undefined || entry.used || entry.expiresAtMs <= clock()) return false
      entry.used = true
      return true
    },
  } satisfies Partial<OAuthStore>
}

type StoredDevice = {
  request: DeviceRequest
  userCodeHash: string
  status: 'pending' | 'approved' | 'denied' | 'used'
  by: Agreed | null
  intervalMs: number
  askedAtMs: number
  expiresAtMs: number
}

const createDevices = ({ clock, randomToken }: MemoryOAuthStoreOptions) => {
  const devices = new Map<string, StoredDevice>()
  const waiting = (userCode: string): StoredDevice | undefined => {
    const hash = hashOf(userCodeKey(userCode))
    return [...devices.values()].find(
      (entry) =>
        entry.userCodeHash === hash && entry.status === 'pending' && entry.expiresAtMs > clock(),
    )
  }
  return {
    startDevice: async ({ clientId, tenantId, scopes }) => {
      for (const [hash, entry] of devices) if (entry.expiresAtMs <= clock()) devices.delete(hash)
      const deviceCode = randomToken(SECRET_BYTES)
      const userCode = userCodeOf(Buffer.from(randomToken(SECRET_BYTES), 'base64url'))
      if (userCode === undefined) throw new Error('the source of randomness is broken')
      devices.set(hashOf(deviceCode), {
        request: { clientId, tenantId, scopes },
        userCodeHash: hashOf(userCodeKey(userCode)),
        status: 'pending',
        by: null,
        intervalMs: DEVICE_INTERVAL_SECONDS * 1000,
        askedAtMs: Number.NEGATIVE_INFINITY,
        expiresAtMs: clock() + DEVICE_LIFETIME_SECONDS * 1000,
      })
      return { deviceCode, userCode }
    },
    findDevice: async (userCode) => waiting(userCode)?.request,
    answerDevice: async (userCode, by) => {
      const entry = waiting(userCode)
      if (entry === undefined) return false
      Object.assign(entry, { by, status: by === null ? 'denied' : 'approved' })
      return true
    },
    pollDevice: async (deviceCode, clientId) => {
      const entry = devices.get(hashOf(deviceCode))
      if (entry === undefined || entry.status === 'used' || entry.request.clientId !== clientId) {
        return { kind: 'unknown' }
      }
      if (entry.expiresAtMs <= clock()) return { kind: 'expired' }
      if (entry.status === 'denied') return { kind: 'denied' }
      const { request, by } = entry
      const isTooSoon = entry.askedAtMs > clock() - (entry.intervalMs - POLL_TOLERANCE_MS)
      entry.askedAtMs = clock()
      if (by !== null) {
        entry.status = 'used'
        return { kind: 'approved', consent: { ...request, ...by } }
      }
      if (!isTooSoon) return { kind: 'pending' }
      entry.intervalMs = Math.min(entry.intervalMs + SLOW_DOWN_MS, MAX_INTERVAL_MS)
      return { kind: 'slow_down' }
    },
  } satisfies Partial<OAuthStore>
}
