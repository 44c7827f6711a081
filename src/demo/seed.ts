// Fills a store for a first look, through the same commands that everybody uses.
import type { Application, SubmitAdoption } from '../application.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../core/ids.ts'
import { type DemoPet, demoPet } from './demo-data.ts'
import { seededRandom } from './random.ts'
import { type Applicant, APPLICANTS, SITES } from './vocabulary.ts'

/** The organisation that a first start comes with. */
export const DEMO_TENANT: TenantId = tenantIdSchema.parse('01990000-0000-7000-8000-00000000d090')

export type SeedOptions = Readonly<{
  tenantId: TenantId
  sites: readonly (typeof SITES)[number][]
  pets: number
  seed: number
}>

/** A demo tenant and the shared pool, two of the four shelters and half of the pets each. */
export const DEMO_SEEDS: readonly SeedOptions[] = [
  { tenantId: SHARED_TENANT, sites: SITES.slice(0, 2), pets: 160, seed: 20_260_822 },
  { tenantId: DEMO_TENANT, sites: SITES.slice(2), pets: 160, seed: 20_260_823 },
]

const CONCURRENCY = 50

type Dependencies = Readonly<{
  application: Pick<Application, 'shelters' | 'pets' | 'users' | 'adoptions'>
  clock: Clock
  ids: () => string
  randomToken: (bytes: number) => string
}>

export const seedTenant = async (
  dependencies: Dependencies,
  { tenantId, sites, pets, seed }: SeedOptions,
): Promise<Readonly<{ shelters: number; pets: number }>> => {
  const { application, clock, ids } = dependencies
  const random = seededRandom(seed)
  const context: CommandContext = {
    tenantId,
    actor: { kind: 'system', id: 'seed' },
    correlationId: ids(),
  }
  const shelterIds: string[] = []
  for (const site of sites) {
    shelterIds.push(done(await application.shelters.register(context, site)).id)
  }
  const people = await Promise.all(APPLICANTS.map((each) => register(dependencies, context, each)))
  const animals = Array.from({ length: pets }, () =>
    demoPet(random, random.pick(shelterIds), clock()),
  )
  let applications = 0
  const nextPerson = () => people[applications++ % people.length]
  for (let start = 0; start < animals.length; start += CONCURRENCY) {
    const batch = animals.slice(start, start + CONCURRENCY)
    await Promise.all(batch.map((pet) => place(dependencies, context, { pet, nextPerson })))
  }
  return { shelters: sites.length, pets }
}

type Person = Readonly<{ id: string; input: Pick<SubmitAdoption, 'message' | 'household'> }>

/** Nobody knows the password. The name is a new one each time: a tenant may be filled again. */
const register = async (
  { application, ids, randomToken }: Dependencies,
  context: CommandContext,
  { firstName, lastName, message, household }: Applicant,
): Promise<Person> => {
  const username = `${firstName}-${lastName}-${ids().slice(-6)}`.toLowerCase()
  const profile = {
    ...{ username, email: `${username}@example.org`, firstName, lastName },
    phone: null,
    preferences: null,
  }
  const registered = await application.users.register(context, {
    profile,
    password: randomToken(32),
  })
  return { id: done(registered).id, input: { message, household } }
}

const place = async (
  { application, clock }: Dependencies,
  context: CommandContext,
  { pet, nextPerson }: Readonly<{ pet: DemoPet; nextPerson: () => Person | undefined }>,
): Promise<void> => {
  const { id } = done(await application.pets.admit(context, pet.admit))
  if (pet.then === 'reserved') {
    const person = nextPerson()
    if (person === undefined) return
    const own = { ...context, actor: { kind: 'user', id: person.id } } as const
    const input = { petId: id, applicantId: person.id, ...person.input }
    done(await application.adoptions.submit(own, input))
  } else if (pet.then === 'adopted') {
    const date = new Date(clock()).toISOString().slice(0, 10)
    const counter = { cause: null, adopterId: null, date, reason: 'adoption completed' }
    done(await application.pets.adopt(context, id, counter))
  }
}

const done = <S>(result: CommandResult<S>): Extract<CommandResult<S>, { kind: 'done' }> => {
  if (result.kind === 'done') return result
  throw new Error(`seeding was refused: ${JSON.stringify(result)}`)
}
