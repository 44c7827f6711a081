// A read model that does not exist is refused with the names that do.
import { CliError } from './exit.ts'
import type { UnknownProjection } from './tools.ts'

export const requireKnown = <Outcome extends Readonly<{ kind: string }>>(
  name: string,
  outcome: Outcome | UnknownProjection,
): Exclude<Outcome, UnknownProjection> => {
  if (!isUnknown(outcome)) return outcome as Exclude<Outcome, UnknownProjection>
  const known = outcome.known.join(', ')
  throw new CliError('usage', `there is no read model "${name}"; there are ${known}`)
}

const isUnknown = (outcome: Readonly<{ kind: string }>): outcome is UnknownProjection =>
  outcome.kind === 'unknown_projection'
