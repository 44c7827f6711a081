// A client's message from its text, or what is wrong with it.
import { ProblemError } from '../http/problem.ts'
import { clientMessage, type ClientMessage } from './protocol.ts'
import type { Refused } from './refusals.ts'

export type ReadMessage =
  | Readonly<{ kind: 'message'; message: ClientMessage }>
  | Readonly<{ kind: 'broken' | 'invalid'; refused: Refused }>

export const readMessage = (text: string): ReadMessage => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    const problem = new ProblemError('bad-request', 'A message is JSON.')
    return { kind: 'broken', refused: { problem } }
  }
  const parsed = clientMessage.safeParse(json)
  if (parsed.success) return { kind: 'message', message: parsed.data }
  const errors = parsed.error.issues.map(({ path, message }) => ({
    field: path.join('.') || 'message',
    message,
  }))
  const problem = new ProblemError('validation-error', 'The message is not valid.', { errors })
  return { kind: 'invalid', refused: { problem, ...idOf(json) } }
}

const idOf = (json: unknown): Readonly<{ id?: number }> => {
  const id =
    typeof json === 'object' && json !== null ? (json as Record<string, unknown>)['id'] : undefined
  return typeof id === 'number' && Number.isSafeInteger(id) ? { id } : {}
}
