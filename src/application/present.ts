// After a command that was done, its aggregate is there: says so in the type.
import type { CommandResult } from '../core/command.ts'

type Present<S> = Extract<S, Readonly<{ kind: 'present' }>>

export const onlyPresent = <S extends Readonly<{ kind: string }>>(
  result: CommandResult<S>,
): CommandResult<Present<S>> => {
  if (result.kind !== 'done') return result
  if (!isPresent(result.state)) throw new Error('a command was done and left nothing behind')
  return { ...result, state: result.state }
}

const isPresent = <S extends Readonly<{ kind: string }>>(state: S): state is Present<S> =>
  state.kind === 'present'
