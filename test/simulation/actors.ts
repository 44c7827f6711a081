// The people of the simulation: buyers, applicants and staff. Each does a few things with pauses between, on whichever
// process answers; one that dies meanwhile leaves its caller without an answer, as a broken connection does.
import { TEST_CARDS } from '../../src/adapters/sandbox-payments/test-numbers.ts'
import { toTimestamp } from '../../src/core/clock.ts'
import type { CommandContext } from '../../src/core/command.ts'
import type { Actor } from '../../src/core/event.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { aPetProfile, anIntake } from '../support/builders.ts'
import type { Process, World, WriteSide } from './world.ts'

export type Stage = Readonly<{
  world: World
  /** A process that is alive. */
  anyProcess(): Process | undefined
  pause(longestMs: number): Promise<void>
  pets: readonly string[]
}>

const LONGEST_PAUSE_MS = 40_000
const SEVERAL = { least: 3, most: 7 }
const CARDS = TEST_CARDS.filter(({ result }) =>
  ['succeeds_later', 'answer_lost', 'fails_later'].includes(result.kind),
).map(({ number }) => number)
const GOOD_CARD = '4242424242424242'
const BAD_CARD = '4000000000000002'

type Call = <T>(work: (application: WriteSide) => Promise<T>) => Promise<T | 'no answer'>

const callOf =
  ({ anyProcess }: Stage): Call =>
  async (work) => {
    const process = anyProcess()
    if (process === undefined) return 'no answer'
    const answer = work(process.application).catch(() => 'no answer' as const)
    const answered = await Promise.race([answer, process.proc.died])
    return answered === 'died' ? 'no answer' : answered
  }

const contextFor = (actor: Actor, key?: string): CommandContext => ({
  tenantId: SHARED_TENANT,
  actor,
  correlationId: 'simulation',
  ...(key === undefined ? {} : { idempotency: { key, requestHash: key } }),
})

export const admitPets = async (
  application: WriteSide,
  count: number,
): Promise<readonly string[]> => {
  const pets: string[] = []
  while (pets.length < count) {
    const context = contextFor({ kind: 'system', id: 'setup' })
    const input = { profile: aPetProfile(), intake: anIntake(), photos: [] }
    const admitted = application.pets.admit(context, { ...input, status: 'AVAILABLE' })
    const result = await admitted.catch(() => undefined)
    if (result?.kind === 'done') pets.push(result.id)
  }
  return pets
}

export const buyer = async (stage: Stage): Promise<void> => {
  const { world, pause, pets } = stage
  const { chance } = world.scheduler
  const call = callOf(stage)
  const userId = world.ids()
  const actor = { kind: 'user', id: userId } as const
  const key = chance.is(0.6) ? world.ids() : undefined
  const petId = chance.one(pets)
  let orderId: string | undefined
  for (let left = chance.between(SEVERAL.least, SEVERAL.most); left > 0; left -= 1) {
    await pause(LONGEST_PAUSE_MS)
    if (orderId === undefined) {
      const context = contextFor(actor, key)
      const placed = await call(({ orders }) => orders.place(context, { petId, userId }))
      if (placed !== 'no answer' && placed.kind === 'done') orderId = placed.id
      continue
    }
    const id: string = orderId
    if (chance.is(0.2)) {
      await call(({ orders }) => orders.cancel(contextFor(actor), id, { reason: null }))
    } else {
      const number = chance.one([GOOD_CARD, BAD_CARD, chance.one(CARDS)])
      const source = { object: 'card', name: 'A', number, cvc: null } as const
      const card = { ...source, expMonth: 12, expYear: 2030, billingAddress: null }
      const payment = { amount: '75.00', currency: 'USD', source: card }
      const context = contextFor(actor, chance.is(0.5) ? world.ids() : undefined)
      await call(({ orders }) => orders.pay(context, id, payment))
    }
  }
}

export const applicant = async (stage: Stage): Promise<void> => {
  const { world, pause, pets } = stage
  const { chance } = world.scheduler
  const call = callOf(stage)
  const applicantId = world.ids()
  const actor = { kind: 'user', id: applicantId } as const
  const key = chance.is(0.6) ? world.ids() : undefined
  const petId = chance.one(pets)
  let adoptionId: string | undefined
  for (let left = chance.between(SEVERAL.least, SEVERAL.most); left > 0; left -= 1) {
    await pause(LONGEST_PAUSE_MS)
    if (adoptionId === undefined) {
      const input = { petId, applicantId, message: null, household: null }
      const context = contextFor(actor, key)
      const submitted = await call(({ adoptions }) => adoptions.submit(context, input))
      if (submitted !== 'no answer' && submitted.kind === 'done') adoptionId = submitted.id
    } else if (chance.is(0.15)) {
      const id: string = adoptionId
      await call(({ adoptions }) => adoptions.withdraw(contextFor(actor), id, { reason: null }))
    }
  }
}

/** Sees what is in the log, and pushes some of it on. */
export const staff = async (stage: Stage): Promise<void> => {
  const { world, pause } = stage
  const { chance } = world.scheduler
  const call = callOf(stage)
  for (let left = chance.between(6, 20); left > 0; left -= 1) {
    await pause(LONGEST_PAUSE_MS / 3)
    const kind = chance.below(10)
    if (kind < 4) await withAnOrder(stage, call)
    else if (kind < 8) await withAnAdoption(stage, call)
    else await withAPet(stage, call)
  }
}

const STAFF = contextFor({ kind: 'client', id: 'staff' })
const BY_HAND = { reason: null }

const oneOf = async ({ world }: Stage, type: string): Promise<string | undefined> => {
  const { events } = await world.store.readAll({
    after: 0,
    limit: 2_000,
    filter: { types: [type] },
  })
  if (events.length === 0) return undefined
  return world.scheduler.chance.one(events).streamId
}

const withAnOrder = async (stage: Stage, call: Call): Promise<void> => {
  const id = await oneOf(stage, 'order.placed')
  if (id === undefined) return
  const kind = stage.world.scheduler.chance.below(12)
  await call(async ({ orders }) => {
    if (kind === 0) return orders.cancel(STAFF, id, BY_HAND)
    if (kind === 1) return orders.approve(STAFF, id, { ...BY_HAND, paymentId: null })
    const order = await orders.get(SHARED_TENANT, id)
    return order?.status === 'APPROVED'
      ? orders.ship(STAFF, id, BY_HAND)
      : orders.deliver(STAFF, id, BY_HAND)
  })
}

const withAnAdoption = async (stage: Stage, call: Call): Promise<void> => {
  const id = await oneOf(stage, 'adoption.submitted')
  if (id === undefined) return
  const { chance, clock } = stage.world.scheduler
  const isRejected = chance.is(0.1)
  const date = toTimestamp(clock()).slice(0, 10)
  await call(async ({ adoptions }) => {
    if (isRejected) return adoptions.reject(STAFF, id, BY_HAND)
    const adoption = await adoptions.get(SHARED_TENANT, id)
    if (adoption?.status === 'SUBMITTED') return adoptions.startReview(STAFF, id, BY_HAND)
    if (adoption?.status === 'UNDER_REVIEW') return adoptions.approve(STAFF, id, BY_HAND)
    return adoptions.complete(STAFF, id, { date })
  })
}

const withAPet = async (stage: Stage, call: Call): Promise<void> => {
  const { chance, clock } = stage.world.scheduler
  const id = chance.one(stage.pets)
  const date = toTimestamp(clock()).slice(0, 10)
  const kind = chance.below(12)
  const overTheCounter = { cause: null, adopterId: null, date, reason: null }
  const death = { kind: 'DIED_IN_CARE', date, destination: null, reason: null } as const
  const back = {
    status: 'AVAILABLE',
    intake: anIntake({ kind: 'RETURN', date }),
    reason: null,
  } as const
  await call(async ({ pets }) => {
    if (kind <= 2) return pets.revise(STAFF, id, { changes: {}, status: 'NOT_AVAILABLE' })
    if (kind <= 5) return pets.revise(STAFF, id, { changes: {}, status: 'AVAILABLE' })
    if (kind <= 8) return pets.returnToCare(STAFF, id, back)
    if (kind === 9) return pets.adopt(STAFF, id, overTheCounter)
    if (kind === 10) return pets.recordOutcome(STAFF, id, death)
    return pets.remove(STAFF, id, BY_HAND)
  })
}
