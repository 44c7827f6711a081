// What must hold of the log: some of it at every moment, the rest once everything has come to rest. Each broken
// promise is a sentence.
import type { StoredEvent } from '../../src/core/event.ts'
import {
  type AdoptionState,
  evolveAdoption,
  isEnded,
  noAdoption,
} from '../../src/events/adoption-state.ts'
import type { AdoptionEvent } from '../../src/events/adoption.ts'
import { decodeEventOf } from '../../src/events/codec.ts'
import {
  evolveOrder,
  noOrder,
  type OrderState,
  type PresentOrder,
} from '../../src/events/order-state.ts'
import type { OrderEvent } from '../../src/events/order.ts'
import { evolvePet, noPet, type PetState } from '../../src/events/pet-state.ts'
import type { PetEvent } from '../../src/events/pet.ts'
import type { Entry } from './provider.ts'

type States = Readonly<{
  pets: Map<string, PetState>
  orders: Map<string, OrderState>
  adoptions: Map<string, AdoptionState>
  adoptedBy: Set<string> // `order <id>`, `adoption <id>`
  sawPetLeave: Set<string> // applications whose pet was out of care while they were open
}>

export const problemsOf = (
  log: readonly StoredEvent[],
  books: ReadonlyMap<string, Entry>,
): readonly string[] => {
  const states = nothing()
  const problems: string[] = []
  for (const event of log) {
    problems.push(...cancelledWhilePaying(states, event))
    apply(states, event)
    noteDepartures(states)
    problems.push(...turnedAway(states, event))
    for (const problem of brokenPromises(states)) problems.push(`${place(event)}: ${problem}`)
    if (problems.length > 0) return problems // the first moment says most
  }
  return [
    ...petsAtRest(states),
    ...ordersAtRest(states),
    ...adoptionsAtRest(states),
    ...booksOf(states, books),
  ]
}

const nothing = (): States => ({
  pets: new Map(),
  orders: new Map(),
  adoptions: new Map(),
  adoptedBy: new Set(),
  sawPetLeave: new Set(),
})

const place = ({ position, type, streamId }: StoredEvent): string =>
  `after ${position} ${type} of ${streamId}`

const apply = (states: States, event: StoredEvent): void => {
  const { category, streamId: id } = event
  if (category === 'pet') {
    const pet = decodeEventOf<PetEvent>(event)
    states.pets.set(id, evolvePet(states.pets.get(id) ?? noPet, pet))
    if (pet.type === 'pet.adopted' && pet.data.cause !== null) {
      states.adoptedBy.add(`${pet.data.cause.kind} ${pet.data.cause.id}`)
    }
  } else if (category === 'order') {
    const order = decodeEventOf<OrderEvent>(event)
    states.orders.set(id, evolveOrder(states.orders.get(id) ?? noOrder, order))
  } else if (category === 'adoption') {
    const adoption = decodeEventOf<AdoptionEvent>(event)
    states.adoptions.set(id, evolveAdoption(states.adoptions.get(id) ?? noAdoption, adoption))
  }
}

const noteDepartures = ({ pets, adoptions, sawPetLeave }: States): void => {
  for (const [id, adoption] of adoptions) {
    if (adoption.kind !== 'present' || isEnded(adoption)) continue
    const pet = pets.get(adoption.petId)
    if (pet?.kind !== 'present' || !pet.inCare) sawPetLeave.add(id)
  }
}

/** Only those whose pet had left are rejected by a policy. */
const turnedAway = ({ sawPetLeave }: States, event: StoredEvent): readonly string[] =>
  event.type === 'adoption.status_changed' &&
  event.data['status'] === 'REJECTED' &&
  event.metadata.actor.kind === 'system' &&
  !sawPetLeave.has(event.streamId)
    ? [`${place(event)}: the pet of this application had not left`]
    : []

/** Nobody knows yet whether money moves: the order has to wait for the answer. */
const cancelledWhilePaying = ({ orders }: States, event: StoredEvent): readonly string[] => {
  if (event.type !== 'order.status_changed' || event.data['status'] !== 'CANCELLED') return []
  const order = orders.get(event.streamId)
  const isBeingPaid =
    order?.kind === 'present' && order.payments.some(({ status }) => status === 'PROCESSING')
  return isBeingPaid ? [`${place(event)}: its payment is being processed`] : []
}

const holderOf = (pet: PetState | undefined): string | undefined =>
  pet?.kind === 'present' && pet.reservedFor !== null
    ? `${pet.reservedFor.kind} ${pet.reservedFor.id}`
    : undefined

/** Whoever was promised a pet has it: since a pet is reserved for one, it is never promised to two. */
const brokenPromises = (states: States): readonly string[] => {
  const problems: string[] = []
  const mustHold = (who: string, petId: string): void => {
    if (states.adoptedBy.has(who)) return
    const holder = holderOf(states.pets.get(petId))
    if (holder !== who)
      problems.push(`${who} was promised pet ${petId}, held by ${holder ?? 'nobody'}`)
  }
  for (const [id, order] of states.orders) {
    if (order.kind === 'present' && order.status !== 'CANCELLED')
      mustHold(`order ${id}`, order.petId)
    if (order.kind === 'present' && order.payments.filter(isPaid).length > 1) {
      problems.push(`order ${id} was paid twice`)
    }
  }
  for (const [id, adoption] of states.adoptions) {
    if (adoption.kind !== 'present') continue
    const wasPromised =
      adoption.status === 'APPROVED' ||
      adoption.status === 'COMPLETED' ||
      (!adoption.wasWaiting && !isEnded(adoption))
    if (wasPromised) mustHold(`adoption ${id}`, adoption.petId)
  }
  return problems
}

const petsAtRest = (states: States): readonly string[] =>
  [...states.pets].flatMap(([id, pet]) => {
    if (pet.kind !== 'present') return []
    const holder = holderOf(pet)
    const isPending = pet.status === 'PENDING'
    if (isPending && (holder === undefined || !isLive(states, holder))) {
      return [`pet ${id} stays PENDING for ${holder ?? 'nobody'}, who is not live`]
    }
    return []
  })

const isLive = (states: States, holder: string): boolean => {
  const [kind = '', id = ''] = holder.split(' ')
  if (kind === 'order') {
    const order = states.orders.get(id)
    return order?.kind === 'present' && ['PLACED', 'APPROVED', 'SHIPPED'].includes(order.status)
  }
  const adoption = states.adoptions.get(id)
  return adoption?.kind === 'present' && !isEnded(adoption)
}

const isPaid = ({ status }: PresentOrder['payments'][number]): boolean => status === 'SUCCEEDED'

const ordersAtRest = (states: States): readonly string[] =>
  [...states.orders].flatMap(([id, order]) => {
    if (order.kind !== 'present') return []
    const problems: string[] = []
    const { status, payments } = order
    if (payments.some((payment) => payment.status === 'PROCESSING')) {
      problems.push(`order ${id} has a payment that is still PROCESSING`)
    }
    if (payments.some(isPaid) && (status === 'PLACED' || status === 'CANCELLED')) {
      problems.push(`order ${id} is ${status} and paid`)
    }
    if (payments.some((payment) => payment.status === 'CANCELLED') && status !== 'CANCELLED') {
      problems.push(`order ${id} is ${status} and its payment was given back`)
    }
    if (status === 'DELIVERED' && !states.adoptedBy.has(`order ${id}`)) {
      problems.push(`order ${id} was delivered and its pet not adopted`)
    }
    return problems
  })

const adoptionsAtRest = (states: States): readonly string[] =>
  [...states.adoptions].flatMap(([id, adoption]) => {
    if (adoption.kind !== 'present') return []
    if (adoption.status === 'COMPLETED') {
      const isAdopted = states.adoptedBy.has(`adoption ${id}`)
      return isAdopted ? [] : [`adoption ${id} was completed and its pet not adopted`]
    }
    if (isEnded(adoption)) return []
    const pet = states.pets.get(adoption.petId)
    if (pet?.kind !== 'present' || !pet.inCare)
      return [`adoption ${id} is open, and its pet has left`]
    return pet.status === 'AVAILABLE' ? [`adoption ${id} waits for a pet that is available`] : []
  })

const booksOf = (states: States, books: ReadonlyMap<string, Entry>): readonly string[] => {
  const statuses = new Map<string, string>()
  for (const order of states.orders.values()) {
    if (order.kind === 'present')
      for (const { id, status } of order.payments) statuses.set(id, status)
  }
  const expected: Readonly<Record<string, readonly Entry[]>> = {
    SUCCEEDED: ['taken'],
    CANCELLED: ['given back'],
    FAILED: ['none', 'given back'],
  }
  return [...statuses].flatMap(([id, status]) => {
    const entry = books.get(id) ?? 'none'
    const isRight = expected[status]?.includes(entry) ?? true
    return isRight ? [] : [`payment ${id} is ${status}, and at the provider its money is: ${entry}`]
  })
}
