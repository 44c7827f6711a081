// Content negotiation, as far as this API goes: it speaks JSON, and says so to who cannot take it.
import type { Hook } from './guard.ts'
import { ProblemError } from './problem.ts'

// Every space has one place where it can be: with two of them the time would grow by the square of their number.
const TAKES_JSON =
  /(^|[,\s])(application\/(json|\*)|\*\/\*)\s*(;(?!\s*q=0(\.0*)?\s*(,|$))[^,]*)?(,|$)/i

export const takesJson = (accept: string | undefined): boolean =>
  accept === undefined ||
  accept === '*/*' ||
  accept === 'application/json' ||
  accept.trim() === '' ||
  TAKES_JSON.test(accept)

export const acceptsJson: Hook = (request, _reply, done) => {
  if (takesJson(request.raw.headers.accept)) return done()
  done(new ProblemError('not-acceptable', 'This resource is available as application/json only.'))
}
