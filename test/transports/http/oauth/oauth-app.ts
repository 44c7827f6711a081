// The authorization server in the whole application, with a user in the shared pool and one in a tenant, and a browser
// that keeps its cookie and fills in forms.
import { createHash } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { createOAuthStore } from '../../../../src/adapters/postgres/oauth-store.ts'
import { createRefreshTokenStore } from '../../../../src/adapters/postgres/refresh-tokens.ts'
import { randomToken } from '../../../../src/adapters/system/random.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../../../src/core/ids.ts'
import { type ClientDefinition, DEVICE_CODE_GRANT } from '../../../../src/core/oauth.ts'
import { testApp, type TestAppOptions } from '../../../support/app.ts'
import { fixedClock } from '../../../support/fixed-clock.ts'

export const TENANT = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000001')
export const OTHER_TENANT = tenantIdSchema.parse('018f6f3a-0000-7000-8000-000000000002')
export const ISSUER = 'https://pets.test'
export const PASSWORD = 'correct horse battery'
export const REDIRECT_URI = 'https://walks.example/cb?from=pets'
export const VERIFIER = 'a-verifier-of-forty-three-characters-or-more-0'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

const ADA = {
  username: 'Ada',
  email: 'ada@example.org',
  firstName: 'Ada',
  lastName: 'Byron',
  password: PASSWORD,
}
const WALKS: ClientDefinition = {
  name: 'Walks & <b>More</b>',
  kind: 'confidential',
  grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT],
  scopes: ['read:pets', 'read:user', 'write:pets'],
  tenants: [SHARED_TENANT, TENANT],
  redirectUris: [REDIRECT_URI, 'http://127.0.0.1/cb', 'org.example.walks:/cb'],
}

export type Fields = Readonly<Record<string, string | undefined>>
export type Answer = Readonly<{
  status: number
  headers: LightMyRequestResponse['headers']
  text: string
  body: Record<string, unknown>
}>

export const encode = (fields: Fields): string => {
  const encoded = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) encoded.append(name, value)
  }
  return encoded.toString()
}

export const oauthApp = async (t: Test, options: TestAppOptions = {}) => {
  const clock = fixedClock()
  const rig = await testApp(t, {
    settings: { publicUrl: ISSUER, trustProxy: true, ...options.settings },
    ports: (real) => {
      const stores = { database: real.database, ids: real.ids, clock, randomToken }
      const given = typeof options.ports === 'function' ? options.ports(real) : options.ports
      return {
        oauth: createOAuthStore(stores),
        refreshTokens: createRefreshTokenStore(stores),
        ...given,
      }
    },
  })
  const { app, ports } = rig
  const send = async (request: InjectOptions): Promise<Answer> => {
    const { statusCode: status, headers, payload: text } = await app.inject(request)
    const isJson = String(headers['content-type']).startsWith('application/json')
    const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
    return { status, headers, text, body }
  }
  const form = (url: string, fields: Fields | string, headers: Record<string, string> = {}) =>
    send({
      ...{ method: 'POST', url, payload: typeof fields === 'string' ? fields : encode(fields) },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  const register = async (headers: Record<string, string> = {}): Promise<string> => {
    const answer = await send({ method: 'POST', url: '/v1/users', payload: ADA, headers })
    if (answer.status !== 201) throw new Error(answer.text)
    return String(answer.body['id'])
  }
  const ada = await register()
  const adaOfTenant = await register({ 'x-tenant-id': TENANT })
  const client = async (changes: Partial<ClientDefinition> = {}) => {
    const made = await ports.oauth?.createClient({ ...WALKS, ...changes })
    if (made === undefined) throw new Error('no client')
    const { secret } = made
    const id = made.client.id
    return { id, secret: secret ?? '', basic: { authorization: basicOf(id, secret ?? '') } }
  }
  return { ...rig, clock, send, form, ada, adaOfTenant, client, ...browser(send, form) }
}

export const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? '')

/** What a browser would send back of a page. */
export const fieldsOf = (page: string): Record<string, string> =>
  Object.fromEntries(
    [...page.matchAll(/<input\b[^>]*?\bname="([^"]*)"[^>]*?\bvalue="([^"]*)"/g)].map((match) => [
      match[1] ?? '',
      unescaped(match[2] ?? ''),
    ]),
  )
export const cookieOf = (answer: Answer): string =>
  String(answer.headers['set-cookie']).split(';')[0] ?? ''

type Send = (request: InjectOptions) => Promise<Answer>
type Form = (url: string, fields: Fields, headers?: Record<string, string>) => Promise<Answer>

const browser = (send: Send, form: Form) => {
  const ask = (clientId: string, changes: Fields = {}): Promise<Answer> =>
    send({
      method: 'GET',
      url: `/oauth/authorize?${encode({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: REDIRECT_URI,
        state: 'the state',
        scope: 'read:pets read:user',
        code_challenge: CHALLENGE,
        code_challenge_method: 'S256',
        ...changes,
      })}`,
    })
  /** Sends the form of a page with what a person types. */
  const submit = (url: string, page: Answer, typed: Fields): Promise<Answer> =>
    form(url, { ...fieldsOf(page.text), ...typed }, { cookie: cookieOf(page) })
  const allow = { username: 'Ada', password: PASSWORD, decision: 'allow' }
  const agree = async (clientId: string, changes: Fields = {}): Promise<Answer> =>
    submit('/oauth/authorize', await ask(clientId, changes), allow)
  const codeFor = async (clientId: string, changes: Fields = {}): Promise<string> => {
    const answer = await agree(clientId, changes)
    const code = returned(answer).get('code')
    if (code === null) throw new Error(answer.text)
    return code
  }
  return { ask, submit, agree, codeFor }
}

/** The parameters that a redirect takes back to the client. */
export const returned = (answer: Answer): URLSearchParams =>
  new URL(String(answer.headers.location)).searchParams
