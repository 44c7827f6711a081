// What holds where a transport does not have what a case is about: nothing is passed over without a word.
import assert from 'node:assert/strict'
import type { Case } from './types.ts'

type Needs = NonNullable<Case[2]>

export const whatHoldsInstead: Readonly<Record<Needs, Case[1]>> = {
  tellsBuffered: async (stage) => {
    assert.equal(stage.buffered, undefined, 'who could tell would have to')
  },
  // What outlives a token is held against the account in the case on tokens.
  endsWithUser: async (_stage, { outlivesToken }) => {
    assert.equal(outlivesToken, true)
  },
}
