// The whole application behind the HTTP server, with callers of every kind and a client that admits pets. One serves
// all tests of a file that do not count what is there; those that do take a tenant of their own.
import { createHash } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { Scope } from '../../../src/core/auth.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../src/core/ids.ts'
import type { Logger } from '../../../src/core/logger.ts'
import { testApp, type TestAppOptions } from '../../support/app.ts'

export const TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a')
export const OTHER_TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b')
export const PUBLIC_URL = 'https://pets.test'

export const LUNA = {
  name: 'Luna',
  species: 'CAT',
  breed: 'Domestic Shorthair',
  ageMonths: 18,
  size: 'SMALL',
  price: '75.00',
  currency: 'USD',
  goodWithKids: true,
} as const

export type Headers = Readonly<Record<string, string>>
export type Line = Readonly<{
  level: string
  fields: Readonly<Record<string, unknown>>
  message: string
}>

const HOME = [SHARED_TENANT, TENANT]
const CALLERS = {
  staff: { tenants: HOME, scopes: ['read:pets', 'write:pets', 'read:audit'] },
  colleague: { tenants: HOME, scopes: ['write:pets'] },
  reader: { tenants: HOME, scopes: ['read:pets'] },
  elsewhere: { tenants: [OTHER_TENANT], scopes: ['read:pets', 'write:pets', 'read:audit'] },
} as const satisfies Record<string, { tenants: readonly unknown[]; scopes: readonly Scope[] }>
type CallerName = keyof typeof CALLERS

export type HttpApp = Awaited<ReturnType<typeof httpApp>>

export const httpApp = async (t: Test, options: TestAppOptions = {}) => {
  const lines: Line[] = []
  const rig = await testApp(t, {
    settings: { publicUrl: PUBLIC_URL, ...options.settings },
    ports: (real) => {
      const given = typeof options.ports === 'function' ? options.ports(real) : options.ports
      return { logger: recorder(lines), ...given }
    },
  })
  const { app } = rig
  const tokens = new Map<CallerName, Headers>()
  for (const [name, caller] of Object.entries(CALLERS)) {
    tokens.set(name as CallerName, await rig.bearer({ ...caller, subject: name }))
  }
  const as = (name: CallerName): Headers => ({ ...tokens.get(name) })
  const inTenant = (name: CallerName): Headers => ({ ...as(name), 'x-tenant-id': TENANT })

  /** What is there once the read models have followed. */
  const get = async (url: string, headers: Headers = {}): Promise<LightMyRequestResponse> => {
    await rig.settled()
    return app.inject({ url, headers })
  }
  const admit = async (changes: object = {}, headers: Headers = as('staff')) => {
    const payload = { ...LUNA, ...changes }
    const response = await app.inject({ method: 'POST', url: '/v1/pets', headers, payload })
    if (response.statusCode !== 201) throw new Error(response.body)
    return {
      response,
      url: String(response.headers.location),
      cursor: String(response.headers['event-cursor']),
      pet: response.json<Record<string, unknown>>(),
    }
  }
  /** Staff of a tenant that nobody else knows. */
  const newTenant = async (name: string): Promise<Headers> => {
    const tenantId = tenantOf(name)
    const scopes = CALLERS.staff.scopes
    return { ...(await rig.bearer({ tenants: [tenantId], scopes })), 'x-tenant-id': tenantId }
  }
  return { ...rig, lines, as, inTenant, get, admit, newTenant }
}

const recorder = (lines: Line[]): Logger => {
  const write = (level: string) => (fields: Line['fields'], message: string) => {
    lines.push({ level, fields, message })
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
}

const tenantOf = (name: string) => {
  const hash = createHash('sha256').update(name).digest('hex')
  return tenantIdSchema.parse(`0199f3a0-7c1e-7a01-8${hash.slice(0, 3)}-${hash.slice(3, 15)}`)
}
