// Random commands over few ids, names and days, so that runs of them meet in every state.
import fc from 'fast-check'
import type { OrderCommand } from '../../src/commands/order.ts'
import type { AdoptionCommand } from '../../src/commands/adoption.ts'
import { MAX_PHOTOS, type PetCommand } from '../../src/commands/pet.ts'
import type { ShelterCommand } from '../../src/commands/shelter.ts'
import type { UserCommand } from '../../src/commands/user.ts'
import type { WebhookCommand } from '../../src/commands/webhook.ts'
import type { WebhookConfig } from '../../src/events/webhook.ts'
import {
  anIntake,
  aPetProfile,
  aPhoto,
  aShelterProfile,
  aUserProfile,
} from '../support/builders.ts'
import { card, settle } from './order-histories.ts'

const occurredAt = fc.constantFrom('2026-08-22T10:00:00.000Z', '2026-08-23T23:30:00.000Z')
const day = fc.constantFrom('2026-08-20', '2026-08-22', '2026-08-22', '2026-08-26')
const reason = fc.constantFrom(null, 'medical hold')
const price = fc.constantFrom('75', '75.00', '400', '0.5', '007')
const staffStatus = fc.constantFrom('AVAILABLE', 'AVAILABLE', 'NOT_AVAILABLE')
const status = fc.constantFrom('AVAILABLE', 'PENDING', 'ADOPTED', 'NOT_AVAILABLE')
const cause = fc.record({
  kind: fc.constantFrom('order', 'adoption'),
  id: fc.constantFrom('1', '2'),
})
const photo = fc.nat(3).map(aPhoto)
const photos = fc.oneof(
  { weight: 9, arbitrary: fc.array(photo, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constant(Array.from({ length: MAX_PHOTOS + 1 }, (_, n) => aPhoto(n))),
  },
)
const changes = fc.record(
  {
    name: fc.constantFrom('Luna', 'Max', undefined),
    price,
    breed: fc.constantFrom(null, 'Siamese'),
    intakeDate: day,
    vaccinations: fc.array(fc.constantFrom('rabies', 'fvrcp'), { maxLength: 2 }),
    medicalInfo: fc.option(
      fc.record(
        {
          vaccinated: fc.constantFrom(true, false, null),
          healthNotes: fc.constantFrom('fine', null),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: [] },
)

const of = <const Type extends string>(type: Type) => ({ type: fc.constant(type), occurredAt })

const admit = fc.record({
  ...of('admit'),
  profile: fc.record({ price, intakeDate: day }).map(aPetProfile),
  status: staffStatus,
  intake: fc.record({ date: day }).map(anIntake),
  photos,
})
const afterwards: readonly fc.Arbitrary<PetCommand>[] = [
  fc.record({
    ...of('revise'),
    changes,
    status: fc.option(status, { nil: undefined }),
    photos: fc.option(photos, { nil: undefined }),
    reason: fc.constantFrom(undefined, 'quarantine'),
  }),
  fc.record({ ...of('change_status'), status, reason }),
  fc.record({ ...of('reserve'), cause }),
  fc.record({ ...of('release'), cause, reason: fc.constantFrom(undefined, 'order cancelled') }),
  fc.record({ ...of('pass_on'), from: cause, to: cause }),
  fc.record({
    ...of('adopt'),
    cause: fc.option(cause, { nil: null }),
    adopterId: fc.constantFrom(null, 'u-1'),
    date: day,
    reason,
  }),
  fc.record({
    ...of('record_outcome'),
    kind: fc.constantFrom('TRANSFER_OUT', 'DIED_IN_CARE'),
    date: day,
    destination: fc.constant(null),
    reason,
  }),
  fc.record({
    ...of('return'),
    status: staffStatus,
    intake: fc
      .record({ date: day, kind: fc.constantFrom('RETURN', 'RETURN', 'STRAY') })
      .map(anIntake),
    reason,
  }),
  fc.record({ ...of('add_photo'), photo, description: fc.constant(null) }),
]

export const petCommands: fc.Arbitrary<PetCommand> = fc.oneof(
  { weight: 12, arbitrary: admit },
  ...afterwards.map((arbitrary) => ({ weight: 10, arbitrary })),
  { weight: 2, arbitrary: fc.record({ ...of('remove'), reason }) },
)

const order = { petId: fc.constantFrom('p-1', 'p-2'), userId: fc.constantFrom('u-1') }
const payment = { paymentId: fc.constantFrom('1', '2', '3') }
const paymentOutcome = fc.constantFrom(
  settle('succeeded').outcome,
  settle('failed').outcome,
  settle('failed').outcome,
)

export const orderCommands: fc.Arbitrary<OrderCommand> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      ...of('place'),
      ...order,
      totalAmount: fc.constantFrom('75', '75.00'),
      currency: fc.constantFrom('USD'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...of('abandon'), ...order, reason: fc.constant('late') }) },
  ...(['ship', 'deliver', 'cancel'] as const).map((type) => ({
    weight: 3,
    arbitrary: fc.record({ ...of(type), reason }),
  })),
  {
    weight: 8,
    arbitrary: fc.record({
      ...of('approve'),
      paymentId: fc.option(payment.paymentId, { nil: null }),
      reason,
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      ...of('submit_payment'),
      ...payment,
      amount: fc.constantFrom('75', '75.00', '075.0', '80'),
      currency: fc.constantFrom('USD', 'USD', 'EUR'),
      source: fc.constant(card),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({ ...of('settle_payment'), ...payment, outcome: paymentOutcome }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ ...of('refund_payment'), ...payment, reason: fc.constant('cancelled') }),
  },
)

const hours = fc.constantFrom('daily', 'weekends')

export const shelterCommands: fc.Arbitrary<ShelterCommand> = fc.oneof(
  fc.record({ ...of('register'), profile: fc.record({ hours }).map(aShelterProfile) }),
  fc.record({
    ...of('update'),
    changes: fc.record({ hours, phone: fc.constantFrom(null, undefined) }, { requiredKeys: [] }),
  }),
  fc.record({ ...of('remove'), reason, petsInCare: fc.constantFrom(0, 1, 2) }),
)

const username = fc.constantFrom('ada', 'eve')
const choice = fc.constantFrom(true, false, undefined)

export const userCommands: fc.Arbitrary<UserCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...of('register'),
      profile: fc.record({ username }).map(aUserProfile),
      scopes: fc.subarray(['read:pets', 'write:user']),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      ...of('update'),
      changes: fc.record(
        {
          username,
          phone: fc.constantFrom(null, undefined, '+12075550142'),
          preferences: fc.option(
            fc.record({ newsletter: choice, notifications: choice }, { requiredKeys: [] }),
          ),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...of('delete'), reason }) },
)

const application = {
  petId: fc.constantFrom('p-1', 'p-2'),
  applicantId: fc.constantFrom('u-1', 'u-2'),
  message: fc.constantFrom(null, 'We have a garden.'),
  household: fc.constant(null),
  waiting: fc.boolean(),
}
const holdsReservation = fc.constantFrom(true, true, false)

export const adoptionCommands: fc.Arbitrary<AdoptionCommand> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...of('submit'), ...application }) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...of('abandon'),
      petId: application.petId,
      reason: fc.constant('late'),
    }),
  },
  { weight: 8, arbitrary: fc.record({ ...of('start_review'), reason }) },
  { weight: 8, arbitrary: fc.record({ ...of('approve'), reason, holdsReservation }) },
  { weight: 1, arbitrary: fc.record({ ...of('reject'), reason }) },
  { weight: 1, arbitrary: fc.record({ ...of('withdraw'), reason }) },
  { weight: 8, arbitrary: fc.record({ ...of('complete'), date: day, holdsReservation }) },
)

const endpoint = {
  url: fc.constantFrom('https://a.example.org/', 'https://b.example.org/'),
  events: fc.constantFrom(['*'], ['pet.*']).map((each): string[] => [...each]),
  description: fc.constantFrom(null, 'ours'),
  format: fc.constantFrom<WebhookConfig['format']>('cloudevents', 'petstore'),
  mode: fc.constantFrom<WebhookConfig['mode']>('parallel', 'strict'),
  visibility: fc.constantFrom<WebhookConfig['visibility']>('public', 'staff'),
  subjects: fc.constantFrom(null, ['pets/*']).map((each) => (each === null ? null : [...each])),
  maxInFlight: fc.constantFrom(1, 8),
  asymmetric: fc.boolean(),
}
const keyId = fc.constantFrom('1', '2', '3', '4', '5', '6')

export const webhookCommands: fc.Arbitrary<WebhookCommand> = fc.oneof(
  fc.record({
    ...of('register'),
    config: fc.record(endpoint),
    keyId,
    after: fc.constantFrom(0, 7),
  }),
  fc.record({ ...of('update'), changes: fc.record(endpoint, { requiredKeys: [] }) }),
  fc.record({ ...of('pause'), reason }),
  fc.record({ ...of('resume'), reason, after: fc.constantFrom(null, 0, 9) }),
  fc.record({ ...of('disable'), reason }),
  {
    weight: 6,
    arbitrary: fc.record({
      ...of('rotate_secret'),
      keyId,
      previousExpireAt: fc.constantFrom('2026-08-22T10:00:00.000Z', '2026-08-24T10:00:00.000Z'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...of('remove'), reason }) },
)
