// The kinds of values that settings take: each is parsed from text, or refused with a sentence that says what was
// expected.
import { isIP } from 'node:net'
import { z } from 'zod'
import { type TenantId, tenantIdSchema } from '../core/ids.ts'

/** Whom to believe about the caller's address. */
export type TrustProxy = false | number | readonly string[]

/** Tenants in which one may apply for a pet that is reserved already. */
export type WaitingLists = 'none' | 'all' | readonly TenantId[]

const TRUE = ['true', '1', 'yes', 'on']
const FALSE = ['false', '0', 'no', 'off']

export const toBoolean = (text: string, context: z.RefinementCtx): boolean => {
  if (TRUE.includes(text.toLowerCase())) return true
  if (FALSE.includes(text.toLowerCase())) return false
  context.addIssue(`is "${text}": expected true or false`)
  return z.NEVER
}

// The value may hold a password: only what is before the colon is repeated.
export const postgresUrl = (text: string, context: z.RefinementCtx): string => {
  if (/^postgres(ql)?:\/\/[^/?]*\/[^/?]+(\?.*)?$/.test(text)) return text
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  const problem =
    scheme === undefined
      ? 'is not a URL'
      : /^postgres(ql)?$/.test(scheme)
        ? 'does not name a database'
        : `starts with ${scheme}://, and this build speaks PostgreSQL only`
  context.addIssue(`${problem}: expected postgres://user@host/database`)
  return z.NEVER
}

export const webUrl = (text: string, context: z.RefinementCtx): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === ''
  if (isPlain && url.search === '' && url.hash === '') return text.replace(/\/+$/, '')
  context.addIssue(
    'is not a plain web address: expected one like https://pets.example.org, without user, query or fragment',
  )
  return z.NEVER
}

export const keysUrl = (text: string, context: z.RefinementCtx): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname)))
    return text
  context.addIssue(
    'is not a safe address for keys: expected https:// (http:// only on this machine)',
  )
  return z.NEVER
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)

export const trustedProxies = (text: string, context: z.RefinementCtx): TrustProxy => {
  if (/^\d{1,2}$/.test(text)) return Number(text) === 0 ? false : Number(text)
  const addresses = text.split(',').map((address) => address.trim())
  if (addresses.every(isAddressOrRange)) return addresses
  context.addIssue(
    `is "${text}": expected the number of proxies in front, or their addresses like 10.0.0.0/8,127.0.0.1`,
  )
  return z.NEVER
}

const isAddressOrRange = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/')
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  if (most < 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
}

/** Web pages that may open a WebSocket. */
export type AllowedOrigins = 'same' | 'any' | readonly string[]

export const allowedOrigins = (text: string, context: z.RefinementCtx): AllowedOrigins => {
  if (text === 'same' || text === 'any') return text
  const origins = text.split(',').map((origin) => origin.trim().replace(/\/$/, ''))
  if (origins.every((each) => URL.canParse(each) && new URL(each).origin === each)) return origins
  context.addIssue(
    `is "${text}": expected same, any, or origins like https://app.example.org separated by commas`,
  )
  return z.NEVER
}

export const waitingLists = (text: string, context: z.RefinementCtx): WaitingLists => {
  if (text === 'none' || text === 'all') return text
  const tenants = text.split(',').map((id) => tenantIdSchema.safeParse(id.trim()))
  const known = tenants.flatMap(({ data }) => (data === undefined ? [] : [data]))
  if (known.length === tenants.length) return known
  context.addIssue(
    `is "${text}": expected none, all, or ids of tenants separated by commas, shared for the shared pool`,
  )
  return z.NEVER
}

const SECRET_KEY_BYTES = 32

/** They are secrets: nothing of them is repeated. */
export const secretKeys = (text: string, context: z.RefinementCtx): readonly Buffer[] => {
  const keys = text.split(',').map((each) => Buffer.from(each.trim(), 'base64'))
  if (keys.every(({ length }) => length === SECRET_KEY_BYTES)) return keys
  context.addIssue('is not 32 bytes in base64, or several of those separated by commas')
  return z.NEVER
}
