// A state that was taken apart into a row's texts is the same when it is put together again,
// whatever happened to the pet.
import fc from 'fast-check'
import t from 'tap'
import type { PetState } from '../../../src/events/pet-state.ts'
import { stateOf, storedTexts } from '../../../src/projections/pets/stored-state.ts'
import { historyArbitrary, type Life } from '../support.ts'

const SEED = 20260822

const roundTrip = ({ tenantId, petId, state }: Life): PetState => {
  if (state.kind === 'none') return state
  const shown =
    state.kind === 'removed'
      ? { pet: state.last, removedAt: state.removedAt }
      : { pet: state, removedAt: null }
  return stateOf(storedTexts(tenantId, petId, shown))
}

t.test('a state survives being stored, null and absent, photos and outcomes alike', (t) => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(historyArbitrary({ pets: 8, minSteps: 20, maxSteps: 80 }), ({ lives }) => {
      for (const life of lives) {
        seen.add(life.state.kind)
        const asTheLogGivesIt: unknown = JSON.parse(JSON.stringify(life.state))
        t.strictSame(roundTrip(life), asTheLogGivesIt)
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
  t.strictSame([...seen].toSorted(), ['present', 'removed'])
  t.end()
})
