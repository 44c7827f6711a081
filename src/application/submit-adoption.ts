// Applying for a pet: it is reserved in its own stream, and then the application is stored. A crash
// may come between: under an Idempotency-Key the repeat finds the first one's application in the
// reservation; otherwise a policy gives the pet back after a while. Whoever gives it back abandons
// the application first, so that nobody can store it afterwards. Where others are in line already
// and the tenant has waiting lists, the application is stored without a reservation.
import type { AdoptionResult, Application, SubmitAdoption } from '../application.ts'
import { REJECTIONS, type RejectionCode } from '../commands/rejections.ts'
import type { CommandContext } from '../core/command.ts'
import type { EventStore, Idempotency } from '../core/event-store.ts'
import type { Position } from '../core/event.ts'
import type { IdGenerator, TenantId } from '../core/ids.ts'
import { isEnded } from '../events/adoption-state.ts'
import { userDeleted } from '../events/user.ts'
import { createTurns } from './turns.ts'
import { onlyPresent } from './present.ts'
import { holderOf, readAdoption, readPet, type RunAdoption } from './run-adoption.ts'

export type OpenAdoption = Readonly<{ adoptionId: string; applicantId: string }>

type Options = Readonly<{
  run: RunAdoption
  eventStore: EventStore
  pets: Pick<Application['pets'], 'reserve' | 'release'>
  /** In log order of submission. */
  openFor: (tenantId: TenantId, petId: string, asOf: Position) => Promise<readonly OpenAdoption[]>
  hasWaitingList: (tenantId: TenantId) => boolean
  ids: IdGenerator
}>

type Submit = Application['adoptions']['submit']
type Refused = Exclude<AdoptionResult, Readonly<{ kind: 'done' }>>

/**
 * Guaranteed: at most one open application holds a pet; nobody passes those who wait, as far as the log had them when
 * this one came; of two by one person for one pet the second is refused.
 *
 * Not guaranteed: the latter, when both arrive at the same moment in two processes and both have to wait.
 */
export const createSubmitAdoption = (options: Options): Submit => {
  const inTurn = createTurns()
  return async (given, input) => {
    const context = withoutVersion(given) // there is no application yet that anybody could have seen
    // A repeat is answered as the first time, whatever has become of the pet, the user and the line since.
    if (await isKnown(options, context, context.idempotency)) {
      return store(options, context, { ...input, adoptionId: options.ids(), waiting: false })
    }
    if (!(await mayApply(options, context, input.applicantId))) return unknownUser
    const turn = [context.tenantId, input.petId, input.applicantId].join(' ')
    return inTurn(turn, () => submit(options, context, input))
  }
}

const submit = async (
  options: Options,
  context: CommandContext,
  input: SubmitAdoption,
): Promise<AdoptionResult> => {
  const line = await lineBefore(options, context, input.petId)
  if (line.some(({ applicantId }) => applicantId === input.applicantId)) return alreadySubmitted
  if (line.length > 0) return wait(options, context, input)
  const reserved = await reservePet(options, context, input.petId)
  if (reserved.kind === 'reserved') {
    return storeHolding(options, context, { ...input, adoptionId: reserved.adoptionId })
  }
  const isTaken = reserved.kind === 'rejected' && reserved.rejection.code === 'pet_not_available'
  return isTaken ? wait(options, context, input) : reserved
}

/** Nobody stands before a reservation that a first try has made already. */
const lineBefore = async (
  options: Options,
  context: CommandContext,
  petId: string,
): Promise<readonly OpenAdoption[]> => {
  const { eventStore, hasWaitingList, openFor } = options
  const { tenantId, idempotency } = context
  if (!hasWaitingList(tenantId)) return []
  if (idempotency && (await isKnown(options, context, reservationKey(idempotency)))) return []
  return openFor(tenantId, petId, await eventStore.head())
}

const wait = async (
  options: Options,
  context: CommandContext,
  input: SubmitAdoption,
): Promise<AdoptionResult> => {
  const { eventStore, hasWaitingList, ids } = options
  const { tenantId } = context
  const pet = await readPet(eventStore, tenantId, input.petId)
  if (pet.kind !== 'present') return { kind: 'not_found' }
  const holder = holderOf(pet)
  if (holder !== undefined) {
    const { state } = await readAdoption(eventStore, tenantId, holder)
    const isOwn = state.kind === 'present' && state.applicantId === input.applicantId
    if (isOwn && !isEnded(state)) return alreadySubmitted
  }
  // One that is available has others in line, or was given back this moment: who waits for it gets it by the line.
  const canComeFree = pet.status === 'PENDING' || pet.status === 'AVAILABLE'
  if (!hasWaitingList(tenantId) || !canComeFree) return refused('pet_not_available')
  return store(options, context, { ...input, adoptionId: ids(), waiting: true })
}

type Reserved = Readonly<{ kind: 'reserved'; adoptionId: string }>

/** Under a key the reservation of the first try is found again, whatever became of the pet since. */
const reservePet = async (
  { pets, ids }: Options,
  context: CommandContext,
  petId: string,
): Promise<Reserved | Refused> => {
  const { idempotency, ...rest } = context
  const result = await pets.reserve(
    idempotency === undefined ? rest : { ...rest, idempotency: reservationKey(idempotency) },
    petId,
    { cause: { kind: 'adoption', id: ids() }, reason: null },
  )
  if (result.kind !== 'done') return result
  const adoptionId = holderOf(result.state)
  return adoptionId === undefined ? { kind: 'key_reused' } : { kind: 'reserved', adoptionId }
}

/** A request appends twice, and a key is good for one append. */
const reservationKey = ({ key, requestHash }: Idempotency): Idempotency => ({
  key: `adoption-reservation:${key}`,
  requestHash,
})

type Identified = SubmitAdoption & Readonly<{ adoptionId: string }>

const storeHolding = async (
  options: Options,
  context: CommandContext,
  input: Identified,
): Promise<AdoptionResult> => {
  const result = await store(options, context, { ...input, waiting: false })
  if (result.kind === 'done' && result.id === input.adoptionId) return result
  // A log that is merely overloaded takes a repeat under the key, which finds its reservation.
  const isForGood = result.kind !== 'overloaded' || context.idempotency === undefined
  if (isForGood) await giveBack(options, context, input)
  return result
}

const store = async (
  { run }: Options,
  context: CommandContext,
  { adoptionId, ...input }: Identified & Readonly<{ waiting: boolean }>,
): Promise<AdoptionResult> =>
  onlyPresent(await run(context, adoptionId, { type: 'submit', ...input }))

/**
 * What was thrown is not seen here: the application may have been stored. Leaves the reservation alone unless the
 * application is closed: a repeat may have stored it.
 */
const giveBack = async (
  { run, pets }: Options,
  { idempotency: _, ...context }: CommandContext,
  { petId, adoptionId }: Identified,
): Promise<void> => {
  const reason = 'the application was not stored'
  const abandoned = await run(context, adoptionId, { type: 'abandon', petId, reason })
  if (abandoned.kind !== 'done') return
  await pets.release(context, petId, { cause: { kind: 'adoption', id: adoptionId }, reason })
}

const isKnown = async (
  { eventStore }: Options,
  { tenantId }: CommandContext,
  idempotency: Idempotency | undefined,
): Promise<boolean> =>
  idempotency !== undefined && (await eventStore.findByKey(tenantId, idempotency)) !== undefined

/** Who applies for himself was known when he was given his token; otherwise the log is asked. */
const mayApply = async (
  { eventStore }: Options,
  { tenantId, actor }: CommandContext,
  applicantId: string,
): Promise<boolean> => {
  if (actor.kind === 'user' && actor.id === applicantId) return true
  const stream = { tenantId, category: 'user', id: applicantId }
  const { events } = await eventStore.readStream(stream, { direction: 'backwards', limit: 1 })
  const newest = events[0]
  return newest !== undefined && newest.type !== userDeleted.type
}

const refused = (code: RejectionCode, more: { detail?: string; field?: string } = {}): Refused => ({
  kind: 'rejected',
  rejection: { code, detail: REJECTIONS[code], ...more },
})

const unknownUser = refused('unknown_user', { field: 'applicantId' })
const alreadySubmitted = refused('adoption_already_submitted', {
  detail: 'This person has applied for this pet already.',
})

const withoutVersion = ({ expectedVersion: _, ...context }: CommandContext): CommandContext =>
  context
