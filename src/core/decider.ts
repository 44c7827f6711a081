// The shape of every aggregate: pure, synchronous, given time, ids and actor with the command.

/** A rejection is a value: the business says no, with a stable snake_case code and the field it concerns, if any. */
export type Rejection<Code extends string = string> = Readonly<{
  code: Code
  detail: string
  field?: string
}>

export type Decision<E, R> =
  | Readonly<{ kind: 'accepted'; events: readonly E[] }> // empty: already so, nothing to record
  | Readonly<{ kind: 'rejected'; rejection: R }>

export type Decider<C, S, E, R> = Readonly<{
  initialState: S
  /** Chooses events or refuses. Run twice on its own result, it gives no new events. */
  decide: (command: C, state: S) => Decision<E, R>
  /** Applies one event. Never refuses. */
  evolve: (state: S, event: E) => S
}>

export const accept = <E>(...events: E[]): Decision<E, never> => ({ kind: 'accepted', events })

export const reject = <Code extends string>(
  code: Code,
  detail: string,
  field?: string,
): Decision<never, Rejection<Code>> => ({
  kind: 'rejected',
  rejection: field === undefined ? { code, detail } : { code, detail, field },
})
