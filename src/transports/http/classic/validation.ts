// Requests that do not hold are bad requests here, whichever part of them it is, in the words of the classic contract.
import type { FastifySchemaCompiler } from 'fastify'
import { z } from 'zod'
import type { Hook } from '../guard.ts'
import { type FieldError, ProblemError } from '../problem.ts'
import { fieldErrors, MAX_FIELD_ERRORS } from '../validation.ts'
import { bodyMessage } from './manner.ts'

export const classicValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart ?? 'body'
  return (value: unknown) => {
    const result = schema.safeParse(value, { reportInput: true })
    if (result.success) return { value: result.data }
    const { issues } = result.error
    const errors = issues.flatMap((issue) => fieldErrors(part, issue)).slice(0, MAX_FIELD_ERRORS)
    return { error: badRequest(part, value, errors) }
  }
}

const badRequest = (part: string, value: unknown, errors: readonly FieldError[]): ProblemError => {
  if (part === 'body' && (value === undefined || value === null)) {
    return new ProblemError('bad-request', 'A JSON body is required.')
  }
  return new ProblemError('bad-request', messageFor(part, errors), { errors })
}

const messageFor = (part: string, errors: readonly FieldError[]): string => {
  if (part === 'querystring') return 'Invalid query parameter format'
  return part === 'params' ? "The 'id' must be a positive integer." : bodyMessage(errors)
}

/** More digits than any serial will have are still a number: there is nothing under it. */
export const idParams = z.strictObject({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'Must be a positive integer')
    .transform(Number),
})

/** Controls that clients of other servers send and that mean nothing here are passed over: `_page`, `_embed`. */
export const forgetUnknownControls =
  (known: Readonly<Record<string, unknown>>): Hook =>
  (request, _reply, done) => {
    const query = request.query as Record<string, unknown>
    for (const name of Object.keys(query)) {
      if (name.startsWith('_') && !Object.hasOwn(known, name)) delete query[name]
    }
    done()
  }
