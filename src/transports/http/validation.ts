// Requests are checked by zod schemas; every field that does not hold is named, with a stable code and a sentence.
// A path or a query that does not parse is a bad request; a body that breaks its schema is a validation error.
import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import { z } from 'zod'
import { type FieldError, ProblemError } from './problem.ts'

/** Codes that errors[].code may have for a request that breaks its schema. */
export const FIELD_CODES = [
  'REQUIRED',
  'INVALID_FORMAT',
  'INVALID_ENUM_VALUE',
  'INVALID_VALUE',
  'UNKNOWN_FIELD',
  'TOO_SHORT',
  'TOO_LONG',
  'OUT_OF_RANGE',
] as const
/** Enough to correct a request by; without a limit a large body would be answered with a larger one. */
export const MAX_FIELD_ERRORS = 100

export type FieldCode = (typeof FIELD_CODES)[number]

/** Types what a route reads by its schemas. What it answers is made as text, and typed by who makes it. */
export interface RequestTypes extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: unknown
}

type Path = readonly PropertyKey[]

/** Of schemas that read a member under another name than it was written with: the written path of what they find. */
export const writtenPaths = z.registry<Readonly<{ of: (value: unknown, path: Path) => Path }>>()

export const zodValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = httpPart ?? 'body'
  const written = writtenPaths.get(schema)
  return (value: unknown) => {
    const result = schema.safeParse(value, { reportInput: true })
    if (result.success) return { value: result.data }
    const { issues } = result.error
    const found =
      written === undefined
        ? issues
        : issues.map((issue) => ({ ...issue, path: [...written.of(value, issue.path)] }))
    return { error: invalidRequest(part, value, found) }
  }
}

type Issue = z.core.$ZodIssue

const invalidRequest = (part: string, value: unknown, issues: readonly Issue[]): ProblemError => {
  if (part === 'body' && (value === undefined || value === null)) {
    return new ProblemError('bad-request', 'A JSON body is required.')
  }
  const errors = issues.flatMap((issue) => fieldErrors(part, issue)).slice(0, MAX_FIELD_ERRORS)
  if (part === 'body') {
    return new ProblemError('validation-error', 'The request body contains validation errors', {
      errors,
    })
  }
  const named = errors.map(({ field, message }) => `${field}: ${message}`).join('; ')
  const place = part === 'params' ? 'path' : part === 'querystring' ? 'query' : part
  return new ProblemError('bad-request', `The ${place} is not valid. ${named}.`, { errors })
}

/** An issue as field errors: one each, but one for every unknown member. */
export const fieldErrors = (part: string, issue: Issue): readonly FieldError[] => {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const message = part === 'querystring' ? 'Is not a known parameter' : 'Is not a known field'
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      message,
      code: 'UNKNOWN_FIELD',
    }))
  }
  const field = path.length === 0 ? part : path.join('.')
  return [{ field, ...explain(issue) }]
}

type Explanation = Readonly<{ message: string; code: FieldCode }>

const explain = (issue: Issue): Explanation => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? { message: 'Is required', code: 'REQUIRED' }
        : { message: `Must be ${article(issue.expected)}`, code: 'INVALID_FORMAT' }
    case 'invalid_value':
      return issue.input === undefined
        ? { message: 'Is required', code: 'REQUIRED' }
        : { message: `Must be one of: ${issue.values.join(', ')}`, code: 'INVALID_ENUM_VALUE' }
    case 'invalid_union':
      return wrongUnion(issue)
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return tooBig(issue)
    case 'custom':
      return { message: issue.message, code: customCode(issue.params?.['code']) }
    default:
      return { message: readable(issue.message), code: 'INVALID_FORMAT' }
  }
}

const wrongUnion = (issue: z.core.$ZodIssueInvalidUnion): Explanation => {
  const { discriminator, input } = issue
  if (discriminator === undefined || issue.inclusive === false) {
    return { message: readable(issue.message), code: 'INVALID_FORMAT' }
  }
  return Object.hasOwn(Object(input) as object, discriminator)
    ? { message: `Must be one of: ${issue.options?.join(', ')}`, code: 'INVALID_ENUM_VALUE' }
    : { message: 'Is required', code: 'REQUIRED' }
}

const tooSmall = (issue: z.core.$ZodIssueTooSmall): Explanation => {
  if (issue.origin === 'string') {
    return {
      message: `Must have at least ${counted(issue.minimum, 'character')}`,
      code: 'TOO_SHORT',
    }
  }
  if (issue.origin === 'array') {
    return { message: `Must have at least ${counted(issue.minimum, 'item')}`, code: 'TOO_SHORT' }
  }
  // Worded and coded as documented; zero is allowed.
  if (issue.minimum === 0) return { message: 'Must be a positive number', code: 'INVALID_FORMAT' }
  return { message: `Must be at least ${issue.minimum}`, code: 'OUT_OF_RANGE' }
}

const tooBig = (issue: z.core.$ZodIssueTooBig): Explanation => {
  if (issue.origin === 'string') {
    return { message: `Must have at most ${counted(issue.maximum, 'character')}`, code: 'TOO_LONG' }
  }
  if (issue.origin === 'array') {
    return { message: `Must have at most ${counted(issue.maximum, 'item')}`, code: 'TOO_LONG' }
  }
  return { message: `Must be at most ${issue.maximum}`, code: 'OUT_OF_RANGE' }
}

const counted = (count: number | bigint, noun: string): string =>
  `${count} ${noun}${Number(count) === 1 ? '' : 's'}`

const customCode = (code: unknown): FieldCode =>
  FIELD_CODES.find((known) => known === code) ?? 'INVALID_VALUE'

const article = (expected: string): string => {
  if (expected === 'int') return 'an integer'
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`
}

const readable = (message: string): string =>
  message.startsWith('Must') ? message : 'Does not have the expected format'
