// The whole application with the people of orders and adoptions: staff, buyers with tokens of their own, and pets.
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { ADOPTER_SCOPES, type Scope } from '../../../src/core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../../src/core/ids.ts'
import { testApp, type TestAppOptions } from '../../support/app.ts'
import { until } from '../../projections/support.ts'
import { type Headers, LUNA } from './http-app.ts'

export const STAFF_SCOPES: readonly Scope[] = [
  'read:pets',
  'write:pets',
  'read:orders',
  'write:orders',
  'read:adoptions',
  'write:adoptions',
]
export const ADA = '0199f3a0-7c1e-7a01-8000-0000000000f1'
export const BOB = '0199f3a0-7c1e-7a01-8000-0000000000f2'
export const UNKNOWN_ID = '0199f3a0-7c1e-7a01-8000-000000000000'

export const CARD = {
  object: 'card',
  name: 'Ada Byron',
  number: '4242424242424242',
  cvc: '123',
  expMonth: 12,
  expYear: 2030,
} as const
export const payment = (changes: object = {}) => ({
  amount: '75.00',
  currency: 'USD',
  source: { ...CARD, ...changes },
})

type Call = Readonly<{ headers?: Headers; payload?: object; as?: Headers }>
export type Problem = Readonly<{
  status: number
  detail: string
  errors?: readonly Readonly<{ field?: string; code?: string }>[]
}>
export type Json = Readonly<Record<string, unknown>>

export const ordersApp = async (t: Test, options: TestAppOptions = {}) => {
  const rig = await testApp(t, options)
  const { app, ports } = rig
  const tokenOf = async (
    subject: string,
    given: Readonly<{
      kind?: 'user' | 'client'
      scopes?: readonly Scope[]
      tenant?: TenantId
    }> = {},
  ): Promise<Headers> => {
    const { kind = 'user', scopes = ADOPTER_SCOPES, tenant = SHARED_TENANT } = given
    const request = { subject, kind, tenants: [tenant], scopes, lifetimeSeconds: 3_600 }
    const { token } = await ports.issuer.issue(request)
    const named = tenant === SHARED_TENANT ? {} : { 'x-tenant-id': tenant }
    return { authorization: `Bearer ${token}`, ...named }
  }
  const staff = await tokenOf('desk', { kind: 'client', scopes: STAFF_SCOPES })
  const ada = await tokenOf(ADA)
  const bob = await tokenOf(BOB)

  const send = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PUT',
    url: string,
    { headers = {}, payload, as = ada }: Call = {},
  ): Promise<LightMyRequestResponse> =>
    app.inject({
      method,
      url,
      headers: { ...as, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
  const admit = async (changes: object = {}, as: Headers = staff): Promise<string> => {
    const answer = await send('POST', '/v1/pets', { as, payload: { ...LUNA, ...changes } })
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return answer.json<{ id: string }>().id
  }
  /** An order of Ada's for a pet of its own. */
  const place = async (as: Headers = ada) => {
    const petId = await admit()
    const answer = await send('POST', '/v1/orders', { as, payload: { petId } })
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return { petId, orderId: answer.json<{ id: string }>().id, answer }
  }
  const petStatus = async (petId: string): Promise<string> => {
    const answer = await send('GET', `/v1/pets/${petId}`, { as: staff })
    return answer.json<{ status: string }>().status
  }
  const statusOf = async (path: string): Promise<string> =>
    (await send('GET', path, { as: staff })).json<{ status: string }>().status
  /** Waits for what policies do. */
  const becomes = (path: string, status: string): Promise<void> =>
    until(`${path} is ${status}`, async () => (await statusOf(path)) === status)
  return { ...rig, tokenOf, staff, ada, bob, send, admit, place, petStatus, statusOf, becomes }
}

export const problemOf = (answer: LightMyRequestResponse): Problem => answer.json<Problem>()

/** Status, then code and field of each error. */
export const refusalOf = (answer: LightMyRequestResponse): readonly unknown[] => [
  answer.statusCode,
  ...(problemOf(answer).errors ?? []).map(({ code, field }) =>
    field === undefined ? code : `${code} ${field}`,
  ),
]
