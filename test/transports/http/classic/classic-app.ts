// The whole application with a client of the classic profile: staff of a tenant of their own, bodies as its
// documentation has them.
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import type { TestAppOptions } from '../../../support/app.ts'
import { type Headers, httpApp } from '../http-app.ts'

export const LUNA = {
  name: 'Luna',
  species: 'cat',
  breed: 'Domestic Shorthair',
  age_months: 18,
  gender: 'female',
  size: 'small',
  temperament: 'playful, affectionate',
  medical: { spayed_neutered: true, vaccinations: ['fvrcp', 'rabies'] },
  description: 'Luna loves windows with sun in them.',
  shelter_id: null as number | null,
  status: 'available',
  intake_date: '2025-09-01',
} as const

export const HARBOUR = {
  name: 'Harbour Street Shelter',
  address: '12 Harbour Street, Portland, ME 04101',
  phone: '+1-207-555-0142',
  email: 'hello@harbour.example.org',
  hours: 'Tue-Sun 10:00-18:00',
  adoption_fee_range: '75-200',
} as const

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Sent = Readonly<{ headers?: Headers; payload?: object | string }>
export type Pet = Readonly<Record<string, unknown> & { id: number }>

export const classicApp = async (t: Test, options: TestAppOptions = {}) => {
  const rig = await httpApp(t, options)
  const clientOf = (staff: Headers) => {
    const send = (method: Method, url: string, { headers = staff, payload }: Sent = {}) =>
      rig.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
    const made = async (url: string, payload: object): Promise<Pet> => {
      const answer = await send('POST', url, { payload })
      if (answer.statusCode !== 201) throw new Error(answer.body)
      return answer.json<Pet>()
    }
    return {
      staff,
      send,
      get: (url: string, headers: Headers = staff) => send('GET', url, { headers }),
      admit: (changes: object = {}) => made('/pets', { ...LUNA, ...changes }),
      shelter: (changes: object = {}) => made('/shelters', { ...HARBOUR, ...changes }),
    }
  }
  return {
    ...rig,
    clientOf,
    inNewTenant: async (name: string) => clientOf(await rig.newTenant(name)),
  }
}

export const saysNo = (answer: LightMyRequestResponse) => {
  const { error, message, status } = answer.json<Record<string, unknown>>()
  return { code: answer.statusCode, error, message, status }
}
