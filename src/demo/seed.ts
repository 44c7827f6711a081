// Fills a store for a first look, through the same commands that everybody uses.
import type { Application } from '../application.ts'
import type { Clock } from '../core/clock.ts'
import type { CommandContext, CommandResult } from '../core/command.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../core/ids.ts'
import { demoPet } from './demo-data.ts'
import { seededRandom } from './random.ts'
import { SITES } from './vocabulary.ts'

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

type Dependencies = Readonly<{ application: Application; clock: Clock; ids: () => string }>

export const seedTenant = async (
  { application, clock, ids }: Dependencies,
  { tenantId, sites, pets, seed }: SeedOptions,
): Promise<Readonly<{ shelters: number; pets: number }>> => {
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
  const animals = Array.from({ length: pets }, () =>
    demoPet(random, random.pick(shelterIds), clock()),
  )
  for (let start = 0; start < animals.length; start += CONCURRENCY) {
    const batch = animals.slice(start, start + CONCURRENCY)
    await Promise.all(
      batch.map(async ({ admit, then }) => {
        const { id } = done(await application.pets.admit(context, admit))
        if (then === 'stays') return
        const cause = { kind: 'adoption', id: ids() } as const
        done(await application.pets.reserve(context, id, { cause, reason: 'application received' }))
        if (then === 'adopted') {
          const date = new Date(clock()).toISOString().slice(0, 10)
          const adoption = { cause, adopterId: null, date, reason: 'adoption completed' }
          done(await application.pets.adopt(context, id, adoption))
        }
      }),
    )
  }
  return { shelters: sites.length, pets }
}

const done = <S>(result: CommandResult<S>): Extract<CommandResult<S>, { kind: 'done' }> => {
  if (result.kind === 'done') return result
  throw new Error(`seeding was refused: ${JSON.stringify(result)}`)
}
