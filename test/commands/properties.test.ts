// What holds of every decider after any run of commands. The seed is fixed: a failure names the run
// that shows it.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { adoptionDecider, type AdoptionCommand } from '../../src/commands/adoption.ts'
import { MAX_PAYMENTS } from '../../src/commands/order-payments.ts'
import { orderDecider, type OrderCommand } from '../../src/commands/order.ts'
import { petDecider, type PetCommand } from '../../src/commands/pet.ts'
import { REJECTIONS } from '../../src/commands/rejections.ts'
import { shelterDecider, type ShelterCommand } from '../../src/commands/shelter.ts'
import { userDecider, type UserCommand } from '../../src/commands/user.ts'
import {
  MAX_LIVE_SECRETS,
  webhookDecider,
  type WebhookCommand,
} from '../../src/commands/webhook.ts'
import type { Decider, Rejection } from '../../src/core/decider.ts'
import { encodeEvent } from '../../src/events/codec.ts'
import type { PetEvent, PetStatus } from '../../src/events/pet.ts'
import { aggregates, definitions, type DomainEvent } from '../../src/events/registry.ts'
import {
  adoptionCommands,
  orderCommands,
  petCommands,
  shelterCommands,
  userCommands,
  webhookCommands,
} from './arbitraries.ts'
import { place, settle, submit } from './order-histories.ts'

const RUNS = { seed: 20260822, numRuns: 1_000 }

type Step<C, S, E> = Readonly<{ command: C; before: S; events: readonly E[]; after: S }>
type AnyDecider<C, S, E> = Decider<C, S, E, Rejection>

/** The accepted steps of a run; what was refused is told to `onRejected`. */
const run = <C, S, E>(
  { decide, evolve, initialState }: AnyDecider<C, S, E>,
  commands: readonly C[],
  onRejected: (code: string) => void = () => undefined,
): Step<C, S, E>[] => {
  const steps: Step<C, S, E>[] = []
  let state = initialState
  for (const command of commands) {
    const decision = decide(command, state)
    if (decision.kind === 'rejected') onRejected(decision.rejection.code)
    else {
      const after = decision.events.reduce(evolve, state)
      steps.push({ command, before: state, events: decision.events, after })
      state = after
    }
  }
  return steps
}

const decidesOnce =
  <C, S, E>(decider: AnyDecider<C, S, E>) =>
  (commands: readonly C[]) =>
    run(decider, commands).every(({ command, after }) => {
      const again = decider.decide(command, after)
      return again.kind === 'accepted' && again.events.length === 0
    })

const recordsOnlyWhatFits =
  <C, S, E extends DomainEvent>(decider: AnyDecider<C, S, E>) =>
  (commands: readonly C[]) => {
    const events = run(decider, commands).flatMap((step) => step.events)
    for (const event of events) encodeEvent(event, { eventId: 'e-1' })
  }

const samples: DomainEvent[] = definitions.map(
  ({ type, sample }) =>
    ({ type, data: sample, occurredAt: '2026-08-22T10:00:00.000Z' }) as DomainEvent,
)

const isTotal = <C, S extends Readonly<{ kind: string }>, E extends DomainEvent>(
  t: Test,
  { evolve, initialState }: AnyDecider<C, S, E>,
  category: string,
) => {
  const { events = [] } = aggregates.find((each) => each.category === category) ?? {}
  const own = samples.filter((event) => events.some(({ type }) => type === event.type)) as E[]
  const histories = fc.array(fc.constantFrom(...own), { maxLength: 20 })
  const property = fc.property(histories, (events) =>
    ['none', 'present', 'removed', 'deleted', 'abandoned'].includes(
      events.reduce(evolve, initialState).kind,
    ),
  )
  t.doesNotThrow(() => fc.assert(property, RUNS), category)
}

const assertFor = <C>(
  t: Test,
  commands: fc.Arbitrary<C>,
  holds: (run: readonly C[]) => boolean | void,
) => {
  const property = fc.property(fc.array(commands, { maxLength: 50, size: 'max' }), holds)
  t.doesNotThrow(() => fc.assert(property, RUNS))
}

void t.test('a command decided on its own result is already so', async (t) => {
  assertFor<PetCommand>(t, petCommands, decidesOnce(petDecider))
  assertFor<OrderCommand>(t, orderCommands, decidesOnce(orderDecider))
  assertFor<AdoptionCommand>(t, adoptionCommands, decidesOnce(adoptionDecider))
  assertFor<ShelterCommand>(t, shelterCommands, decidesOnce(shelterDecider))
  assertFor<UserCommand>(t, userCommands, decidesOnce(userDecider))
  assertFor<WebhookCommand>(t, webhookCommands, decidesOnce(webhookDecider))
})

void t.test('every decided event fits its schema', async (t) => {
  assertFor<PetCommand>(t, petCommands, recordsOnlyWhatFits(petDecider))
  assertFor<OrderCommand>(t, orderCommands, recordsOnlyWhatFits(orderDecider))
  assertFor<AdoptionCommand>(t, adoptionCommands, recordsOnlyWhatFits(adoptionDecider))
  assertFor<ShelterCommand>(t, shelterCommands, recordsOnlyWhatFits(shelterDecider))
  assertFor<UserCommand>(t, userCommands, recordsOnlyWhatFits(userDecider))
  assertFor<WebhookCommand>(t, webhookCommands, recordsOnlyWhatFits(webhookDecider))
})

void t.test('any event can follow on any other', async (t) => {
  isTotal(t, petDecider, 'pet')
  isTotal(t, orderDecider, 'order')
  isTotal(t, adoptionDecider, 'adoption')
  isTotal(t, shelterDecider, 'shelter')
  isTotal(t, userDecider, 'user')
  isTotal(t, webhookDecider, 'webhook')
})

// Which status may follow on which, and by which event.
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'pet.status_changed': [
    'AVAILABLE > NOT_AVAILABLE',
    'NOT_AVAILABLE > AVAILABLE',
    'AVAILABLE > PENDING',
    'PENDING > AVAILABLE',
    'PENDING > PENDING', // passed on
  ],
  'pet.adopted': ['PENDING > ADOPTED', 'AVAILABLE > ADOPTED'],
  'pet.outcome_recorded': ['AVAILABLE > NOT_AVAILABLE', 'NOT_AVAILABLE > NOT_AVAILABLE'],
  'pet.returned': ['ADOPTED > AVAILABLE', 'ADOPTED > NOT_AVAILABLE'],
}

/** Walks the events alone, without the decider's own state. */
const statusesHold = (events: readonly PetEvent[]): boolean => {
  let status: PetStatus | undefined
  for (const { type, data } of events) {
    if ('previousStatus' in data && data.previousStatus !== status) return false
    if (!('status' in data)) continue
    const transition = `${String(status)} > ${data.status}`
    if (status !== undefined && ALLOWED[type]?.includes(transition) !== true) return false
    status = data.status
  }
  return true
}

void t.test(
  'a pet only takes the ways there are, and each event names the status before',
  async (t) => {
    const seen = new Set<string>()
    assertFor<PetCommand>(t, petCommands, (commands) => {
      const events = run(petDecider, commands).flatMap((step) => step.events)
      for (const { type, data } of events) {
        if ('previousStatus' in data && 'status' in data) {
          seen.add(`${type}: ${data.previousStatus} > ${data.status}`)
        }
      }
      return statusesHold(events)
    })
    const all = Object.entries(ALLOWED).flatMap(([type, ways]) =>
      ways.map((way) => `${type}: ${way}`),
    )
    t.strictSame([...seen].sort(), all.sort(), 'and every way is taken')
  },
)

void t.test(
  'a reserved pet is always reserved for something, and only a reserved one is',
  async (t) => {
    assertFor<PetCommand>(t, petCommands, (commands) =>
      run(petDecider, commands).every(
        ({ after }) =>
          after.kind !== 'present' ||
          ((after.status === 'PENDING') === (after.reservedFor !== null) &&
            after.inCare === (after.outcome === null) &&
            (after.status !== 'ADOPTED' || !after.inCare)),
      ),
    )
  },
)

void t.test(
  'an order is paid at most once, and neither approved nor cancelled while it is being paid',
  async (t) => {
    assertFor<OrderCommand>(t, orderCommands, (commands) =>
      run(orderDecider, commands).every(({ before, events, after }) => {
        if (after.kind !== 'present') return true
        const having = (status: string) => after.payments.filter((each) => each.status === status)
        const isBeingPaid =
          before.kind === 'present' && before.payments.some(({ status }) => status === 'PROCESSING')
        return (
          having('SUCCEEDED').length + having('PROCESSING').length + having('CANCELLED').length <=
            1 && !(isBeingPaid && events.some(({ type }) => type === 'order.status_changed'))
        )
      }),
    )
  },
)

void t.test(
  'an adoption is approved and completed only while it holds its pet, and nothing follows on its end',
  async (t) => {
    const OPEN = ['SUBMITTED', 'UNDER_REVIEW', 'APPROVED']
    assertFor<AdoptionCommand>(t, adoptionCommands, (commands) =>
      run(adoptionDecider, commands).every(({ command, before, events }) => {
        if (events.length === 0) return true
        const isOver = before.kind === 'present' && !OPEN.includes(before.status)
        const isLoose = 'holdsReservation' in command && !command.holdsReservation
        return !isOver && !isLoose
      }),
    )
  },
)

void t.test(
  'a shelter is removed with no pet in care, and nothing follows on its end',
  async (t) => {
    assertFor<ShelterCommand>(t, shelterCommands, (commands) =>
      run(shelterDecider, commands).every(({ command, before, events }) => {
        if (events.length === 0) return true
        return before.kind !== 'removed' && (command.type !== 'remove' || command.petsInCare === 0)
      }),
    )
  },
)

void t.test('an endpoint has a secret that signs, and never more than may', async (t) => {
  assertFor<WebhookCommand>(t, webhookCommands, (commands) =>
    run(webhookDecider, commands).every(({ command, after }) => {
      if (after.kind !== 'present') return true
      const live = after.secrets.filter(
        ({ expiresAt }) => expiresAt === null || expiresAt > command.occurredAt,
      )
      return live.length <= MAX_LIVE_SECRETS && after.secrets.at(-1)?.expiresAt === null
    }),
  )
})

void t.test('money is recorded with two decimal places', async (t) => {
  assertFor<PetCommand>(t, petCommands, (commands) =>
    run(petDecider, commands).every(
      ({ after }) => after.kind !== 'present' || /^(0|[1-9]\d*)\.\d\d$/.test(after.profile.price),
    ),
  )
})

void t.test('every rejection code can come about', async (t) => {
  const seen = new Set<string>([
    'unknown_shelter',
    'unknown_user',
    'username_taken',
    'wrong_password',
    'webhook_limit_reached',
  ]) // not the deciders'
  const note = (code: string) => void seen.add(code)
  assertFor<PetCommand>(t, petCommands, (commands) => void run(petDecider, commands, note))
  assertFor<OrderCommand>(t, orderCommands, (commands) => void run(orderDecider, commands, note))
  assertFor<AdoptionCommand>(
    t,
    adoptionCommands,
    (commands) => void run(adoptionDecider, commands, note),
  )
  const tries = Array.from({ length: MAX_PAYMENTS }, (_, n) => [
    submit(`${n}`),
    settle('failed', `${n}`),
  ])
  run(orderDecider, [place, ...tries.flat(), submit()], note)
  assertFor<ShelterCommand>(
    t,
    shelterCommands,
    (commands) => void run(shelterDecider, commands, note),
  )
  assertFor<UserCommand>(t, userCommands, (commands) => void run(userDecider, commands, note))
  assertFor<WebhookCommand>(
    t,
    webhookCommands,
    (commands) => void run(webhookDecider, commands, note),
  )
  t.strictSame([...seen].sort(), Object.keys(REJECTIONS).sort())
})
