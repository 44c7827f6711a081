// Every code with which a command can be refused, and the sentence that explains it when nothing
// better is known. Codes are part of the public contract: they are added to, never renamed.
import { type Decision, reject, type Rejection } from '../core/decider.ts'

const PET_REJECTIONS = {
  pet_not_found: 'There is no such pet.',
  pet_already_admitted: 'A pet was already admitted under this id, with other data.',
  pet_removed: 'The pet was removed.',
  pet_not_available: 'The pet is not available.',
  pet_reserved: 'The pet is reserved; its reservation must be released first.',
  pet_not_in_care: 'The pet has left care.',
  pet_not_adopted: 'Only an adopted pet can be returned.',
  reservation_fulfilled: 'The pet was adopted by this order or application already.',
  not_reserved_for_this: 'The pet is not reserved for this order or adoption.',
  invalid_status_transition: 'The status cannot be changed by hand in this way.',
  intake_kind_not_return: 'The intake of a returned pet must be of the kind RETURN.',
  date_in_future: 'The date lies in the future.',
  photo_limit_reached: 'The pet has as many photos as it may have.',
} as const

const ORDER_REJECTIONS = {
  order_not_found: 'There is no such order.',
  order_already_placed: 'An order was already placed under this id, with other data.',
  order_abandoned: 'The order was not placed in time and can be placed no more.',
  invalid_order_transition: 'The order is in a status in which this cannot be done.',
  payment_in_progress: 'A payment for this order is being processed.',
  order_already_paid: 'The order is paid.',
  payment_not_found: 'The order has no such payment.',
  payment_amount_mismatch: 'The amount is not that of the order.',
  payment_currency_mismatch: 'The currency is not that of the order.',
  payment_limit_reached: 'Payment of this order was tried as often as it may be.',
} as const

const ADOPTION_REJECTIONS = {
  adoption_not_found: 'There is no such application.',
  adoption_already_submitted: 'An application was already made under this id, with other data.',
  adoption_abandoned: 'The application was not stored in time and can be stored no more.',
  invalid_adoption_transition: 'The application is in a status in which this cannot be done.',
  adoption_is_waiting: 'The pet is reserved for somebody who came before this application.',
} as const

const SHELTER_REJECTIONS = {
  shelter_not_found: 'There is no such shelter.',
  shelter_already_registered: 'A shelter was already registered under this id, with other data.',
  shelter_has_pets: 'Pets in care are assigned to the shelter; they must be moved first.',
} as const

const USER_REJECTIONS = {
  user_not_found: 'There is no such user.',
  user_already_registered: 'A user was already registered under this id, with other data.',
  user_deleted: 'The user has left.',
} as const

const WEBHOOK_REJECTIONS = {
  webhook_not_found: 'There is no such webhook endpoint.',
  webhook_already_registered: 'An endpoint was already registered under this id, with other data.',
  invalid_webhook_transition: 'The endpoint is in a status in which this cannot be done.',
  secret_limit_reached: 'As many secrets sign for the endpoint as may; wait until one has expired.',
} as const

/** Found out beside the stream that is decided on: by a read model or by the credentials. */
const APPLICATION_REJECTIONS = {
  unknown_shelter: 'There is no such shelter in this tenant.',
  unknown_user: 'There is no such user in this tenant.',
  username_taken: 'The username is taken.',
  wrong_password: 'The current password is another one.',
  webhook_limit_reached: 'The tenant has as many webhook endpoints as it may have.',
} as const

export const REJECTIONS = {
  ...PET_REJECTIONS,
  ...ORDER_REJECTIONS,
  ...ADOPTION_REJECTIONS,
  ...SHELTER_REJECTIONS,
  ...USER_REJECTIONS,
  ...WEBHOOK_REJECTIONS,
  ...APPLICATION_REJECTIONS,
} as const satisfies Readonly<Record<string, string>>

export type PetRejectionCode = keyof typeof PET_REJECTIONS
export type OrderRejectionCode = keyof typeof ORDER_REJECTIONS
export type AdoptionRejectionCode = keyof typeof ADOPTION_REJECTIONS
export type ShelterRejectionCode = keyof typeof SHELTER_REJECTIONS
export type UserRejectionCode = keyof typeof USER_REJECTIONS
export type WebhookRejectionCode = keyof typeof WEBHOOK_REJECTIONS
export type RejectionCode = keyof typeof REJECTIONS

/** A rejection in its default words, or in more fitting ones. */
export const refuse = <Code extends RejectionCode>(
  code: Code,
  about: Readonly<{ detail?: string; field?: string }> = {},
): Decision<never, Rejection<Code>> => reject(code, about.detail ?? REJECTIONS[code], about.field)
