// What an event of a pet says of itself: why it happened and what came with it. Personal data and facts for staff are
// among it, so that it is for those only who may read the log.
import type { PetEvent } from './pet.ts'

type Lists = {
  readonly [Type in PetEvent['type']]: readonly (keyof Extract<PetEvent, { type: Type }>['data'])[]
}

/** A closed list: what an event gets later is shown once it is named here. */
const DETAILS: Lists = {
  'pet.admitted': ['intake'],
  'pet.updated': [],
  'pet.status_changed': ['reason', 'cause'],
  'pet.adopted': ['date', 'reason', 'cause', 'adopterId'],
  'pet.outcome_recorded': ['kind', 'date', 'destination', 'reason'],
  'pet.returned': ['intake', 'reason'],
  'pet.photo_added': ['description'],
  'pet.removed': ['reason'],
}

export type PetDetails = Readonly<Record<string, unknown>>

export const petDetailsOf = ({ type, data }: PetEvent): PetDetails => {
  const said: Readonly<Record<string, unknown>> = data
  return Object.fromEntries(DETAILS[type].map((member) => [member, said[member] ?? null]))
}
