// Tests of deciders as sentences: given what happened, when a command arrives, then these events or
// this rejection.
import type { Test } from 'tap'
import type { Decider, Rejection } from '../../src/core/decider.ts'

export type Scenario<C, E, R extends Rejection> = Readonly<{
  when: (command: C) => Readonly<{
    /** Accepted with exactly these events; none: it is already so. */
    then: (...events: E[]) => void
    thenRejected: (code: R['code'], field?: string) => void
  }>
}>

export const scenarios =
  <C, S, E, R extends Rejection>(decider: Decider<C, S, E, R>) =>
  (t: Test) => ({
    given: (...events: E[]): Scenario<C, E, R> => ({
      when: (command) => {
        const decision = decider.decide(
          command,
          events.reduce(decider.evolve, decider.initialState),
        )
        return {
          then: (...expected) => {
            t.strictSame(decision, { kind: 'accepted', events: expected })
          },
          thenRejected: (code, field) => {
            t.match(decision, { kind: 'rejected', rejection: { code } })
            if (field !== undefined) t.match(decision, { rejection: { field } })
          },
        }
      },
    }),
  })
