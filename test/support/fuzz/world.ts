// What the fuzz run finds when it comes: pets, shelters, orders, applications and users of two
// tenants, and tokens of every kind of caller for them.
import { SCOPES, type Scope, type TokenIssuer } from '../../../src/core/auth.ts'
import { SHARED_TENANT, type TenantId } from '../../../src/core/ids.ts'
import type { World } from './requests.ts'

type Json = Readonly<Record<string, unknown>>
export type Api = Readonly<{
  url: string
  issuer: Pick<TokenIssuer, 'issue'>
  tenantId: TenantId
}>

const PETS = 12

export const makeWorld = async ({ url, issuer, tenantId }: Api): Promise<World> => {
  const tenants = [SHARED_TENANT, tenantId]
  const bearer = async (subject: string, kind: 'user' | 'client', scopes: readonly Scope[]) => {
    const { token } = await issuer.issue({ subject, kind, tenants, scopes, lifetimeSeconds: 3_600 })
    return `Bearer ${token}`
  }
  const staff = await bearer('staff', 'client', SCOPES)
  const make = async (path: string, body: Json): Promise<string> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: staff },
      body: JSON.stringify(body),
    })
    if (response.status !== 201) throw new Error(await response.text())
    return String(((await response.json()) as Json)['id'])
  }
  const pets: string[] = []
  for (let n = 0; n < PETS; n += 1) {
    const pet = { name: `Pet ${n}`, species: 'CAT', ageMonths: n, price: '75.00', currency: 'USD' }
    pets.push(await make('/v1/pets', pet))
  }
  const shelterId = await make('/v1/shelters', { name: 'Harbor Street Shelter' })
  const ada = { email: 'ada@example.org', firstName: 'Ada', lastName: 'Byron' }
  const password = 'correct horse battery'
  const userId = await make('/v1/users', { username: 'fuzz.ada', ...ada, password })
  const orders = [
    await make('/v1/orders', { petId: pets[0], userId }),
    await make('/v1/orders', { petId: pets[1], userId }),
  ]
  const adoptionId = await make('/v1/adoptions', { petId: pets[2], applicantId: userId })
  const user = await bearer(userId, 'user', SCOPES)
  const reader = await bearer('reader', 'client', ['read:pets'])
  return {
    authorizations: [staff, staff, staff, user, user, reader, '', 'Bearer x.y.z', 'Basic YTpi'],
    tenants: ['', '', '', tenantId, 'not-a-tenant', '0199f3a0-7c1e-1a01-8000-0000000000ff'],
    idsOf: (template) => {
      if (template.startsWith('/v1/pets')) return pets
      if (template.startsWith('/v1/shelters')) return [shelterId]
      if (template.startsWith('/v1/orders')) return orders
      if (template.startsWith('/v1/adoptions')) return [adoptionId]
      if (template.startsWith('/v1/users')) return [userId]
      return ['1', '2', '3']
    },
  }
}
