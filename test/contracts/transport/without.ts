// What holds where a transport does not have what a case is about: nothing is passed over without a word.
import assert from 'node:assert/strict'
import { write } from '../../transports/feed/harness.ts'
import { open, STAFF, writeSome } from './support.ts'
import type { Case } from './types.ts'

type Needs = NonNullable<Case[2]>

export const whatHoldsInstead: Readonly<Record<Needs, Case[1]>> = {
  tellsBuffered: async (stage) => {
    assert.equal(stage.buffered, undefined, 'who could tell would have to')
  },
  // Requests of their own are good for as long as their token is. What outlives a token is held against the
  // account in the case on tokens.
  endsWithUser: async (stage, { outlivesToken }) => {
    if (outlivesToken) return assert.equal(outlivesToken, true)
    const reader = await open(stage)
    const id = stage.principals.get(STAFF)?.subject ?? ''
    await write(stage.store, { type: 'user.deleted', id })
    await writeSome(stage, 1)
    assert.deepEqual(
      (await reader.take(2)).map(({ type }) => type),
      ['user.deleted', 'pet.updated'],
    )
    await reader.connection.close()
  },
}
