// Fills a store for a first look, through the same commands that everybody uses.
import type { Application, SubmitAdoption } from '../application.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import type { Idempotency } from '../core/event-store.ts'
import type { TenantId } from '../core/ids.ts'
import { type DemoPet, demoPet } from './demo-data.ts'
import { seededRandom } from './random.ts'
import { type Applicant, APPLICANTS, type SITES } from './vocabulary.ts'

/** Who fills a store, as the log names him. */
export const SEEDER = 'seed'

export type SeedOptions = Readonly<{
  tenantId: TenantId
  sites: readonly (typeof SITES)[number][]
  pets: number
  seed: number
  /** What all of its events share; undefined: a new one. */
  correlationId?: string
  /** Given, the same is done once, in however many tries: each step has a key of this name. */
  once?: string
}>

const CONCURRENCY = 50

export type SeedDependencies = Readonly<{
  application: Pick<Application, 'shelters' | 'pets' | 'users' | 'adoptions'>
  clock: Clock
  ids: () => string
  randomToken: (bytes: number) => string
}>

/** A step's name makes its key: two tries of one step may differ in the day and in invented names. */
export const keyOf = (once: string, step: string): Idempotency => ({
  key: `${once}: ${step}`,
  requestHash: once,
})

const shelterStep = (index: number): string => `shelter ${String(index)}`

/** Comes before all other steps. */
export const FIRST_STEP = shelterStep(0)

/** Comes after all other steps, and nothing comes after it, where there is a pet that simply stays. */
export const LAST_STEP = 'last pet'

type Step = (name: string) => CommandContext
type Placed = DemoPet & Readonly<{ applicant: number }>

export const seedTenant = async (
  dependencies: SeedDependencies,
  options: SeedOptions,
): Promise<Readonly<{ shelters: number; pets: number }>> => {
  const { application, clock } = dependencies
  const { sites, pets } = options
  const random = seededRandom(options.seed)
  const step = stepsOf(dependencies, options)
  const shelterIds: string[] = []
  for (const [index, site] of sites.entries()) {
    const context = step(shelterStep(index))
    shelterIds.push(done(await application.shelters.register(context, site)).id)
  }
  const people = await Promise.all(
    APPLICANTS.map((each, index) => register(dependencies, step(`person ${String(index)}`), each)),
  )
  const animals = Array.from({ length: pets }, () =>
    demoPet(random, random.pick(shelterIds), clock()),
  )
  let applications = 0
  const placed = animals.map((pet): Placed => ({
    ...pet,
    applicant: pet.then === 'reserved' ? applications++ : 0,
  }))
  const lastIndex = placed.findLastIndex((pet) => pet.then === 'stays')
  const works = placed.map((pet, index) => () => {
    const name = index === lastIndex ? LAST_STEP : `pet ${String(index)}`
    return place(dependencies, step, { name, pet, person: people[pet.applicant % people.length] })
  })
  const last = works.splice(lastIndex, 1)
  for (let start = 0; start < works.length; start += CONCURRENCY) {
    await Promise.all(works.slice(start, start + CONCURRENCY).map((work) => work()))
  }
  for (const work of last) await work()
  return { shelters: sites.length, pets }
}

const stepsOf = (
  { ids }: SeedDependencies,
  { tenantId, once, correlationId = ids() }: SeedOptions,
): Step => {
  const context = { tenantId, actor: { kind: 'system', id: SEEDER }, correlationId } as const
  return (name) => (once === undefined ? context : { ...context, idempotency: keyOf(once, name) })
}

type Person = Readonly<{ id: string; input: Pick<SubmitAdoption, 'message' | 'household'> }>

/** Nobody knows the password. The name is a new one each time: a tenant may be filled again. */
const register = async (
  { application, ids, randomToken }: SeedDependencies,
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

type Placing = Readonly<{ name: string; pet: DemoPet; person: Person | undefined }>

const place = async (
  { application, clock }: SeedDependencies,
  step: Step,
  { name, pet, person }: Placing,
): Promise<void> => {
  const { id } = done(await application.pets.admit(step(name), pet.admit))
  if (pet.then === 'reserved' && person !== undefined) {
    const own = {
      ...step(`${name}, application`),
      actor: { kind: 'user', id: person.id },
    } as const
    const input = { petId: id, applicantId: person.id, ...person.input }
    done(await application.adoptions.submit(own, input))
  } else if (pet.then === 'adopted') {
    const date = new Date(clock()).toISOString().slice(0, 10)
    const counter = { cause: null, adopterId: null, date, reason: 'adoption completed' }
    done(await application.pets.adopt(step(`${name}, adoption`), id, counter))
  }
}

const done = <S>(result: CommandResult<S>): Extract<CommandResult<S>, { kind: 'done' }> => {
  if (result.kind === 'done') return result
  throw new Error(`seeding was refused: ${JSON.stringify(result)}`)
}
