// Content negotiation, as far as this API goes: it speaks JSON, and says so to who cannot take it.
import type { Hook } from './guard.ts'
import { ProblemError } from './problem.ts'

const TAKES_JSON =
  /(^|[,\s])(application\/(json|\*)|\*\/\*)\s*(;(?!\s*q=0(\.0*)?\s*(,|$))[^,]*)?\s*(,|$)/i

export const acceptsJson: Hook = (request, _reply, done) => {
  const { accept } = request.raw.headers
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return done()
  if (accept.trim() === '' || TAKES_JSON.test(accept)) return done()
  done(new ProblemError('not-acceptable', 'This resource is available as application/json only.'))
}
