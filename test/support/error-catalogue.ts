// docs/errors.md as text. Codes, sentences and statuses come from the source; the compiler asks for a line on each
// problem type and field code, so that none is left out.
import { format } from 'prettier'
import { REJECTIONS, type RejectionCode } from '../../src/commands/rejections.ts'
import { doneOrThrow } from '../../src/transports/http/command-answer.ts'
import { ProblemError, PROBLEMS, type ProblemType } from '../../src/transports/http/problem.ts'
import { FIELD_CODES, type FieldCode } from '../../src/transports/http/validation.ts'

export const renderErrorCatalogue = (): Promise<string> =>
  format([INTRODUCTION, problems(), rejections(), fieldCodes()].join('\n\n'), {
    parser: 'markdown',
  })

const INTRODUCTION = `# Errors

Every way in which \`/v1\` says no, generated from the source (\`npm run docs\`). The body is a problem
of RFC 9457: \`type\` ends in one of the types below, \`detail\` is a sentence for people, and
\`errors[]\` names fields and codes for programs. Types and codes are added to, never renamed.`

const WHEN: Readonly<Record<ProblemType, string>> = {
  'bad-request':
    'The path, the query, a header or the syntax of the body does not hold; a cursor is not one of ours',
  unauthorized: 'A token is needed, or the one given is not valid or has expired',
  forbidden: 'The token is not good for this tenant, or lacks a scope',
  'not-found': 'There is nothing at this path, or no such thing in this tenant',
  'method-not-allowed': 'The path does not know the method; `Allow` lists those it knows',
  'not-acceptable': 'The representation that `Accept` asks for is not offered',
  'request-timeout': 'The request took too long to arrive',
  conflict:
    'The state of things does not allow it, or others are changing the same thing; ' +
    'also a request under a key that is still running',
  gone: 'The cursor is of a log that was replaced since: start again',
  'precondition-failed': '`If-Match` does not name the current version',
  'content-too-large': 'The body, the file or the number of parts is over its limit',
  'uri-too-long': 'The path, or a part of it, is too long',
  'unsupported-media-type': 'The body is of a kind that is not taken here',
  'validation-error':
    'The body breaks its schema or a rule about one of its fields; ' +
    'or an `Idempotency-Key` was used with another request',
  'rate-limit-exceeded': 'Too many requests; `Retry-After` says when to go on',
  'header-fields-too-large': 'The header fields are too large',
  'internal-server-error': 'A bug on our side; nothing of its inside is shown',
  'service-unavailable':
    'A part cannot be reached, or a queue is full; `Retry-After` says when to try again',
  'read-model-behind': 'The read model did not reach `Wait-For-Cursor` in time',
}

const problems = (): string => {
  const types = Object.keys(PROBLEMS) as ProblemType[]
  const rows = types.map((type) => `| \`${type}\` | ${PROBLEMS[type][0]} | ${WHEN[type]} |`)
  return table('Problem types', ['Type', 'Status', 'When'], rows)
}

/** Rejections that name the field whose rule was broken. */
const NAMES_A_FIELD: ReadonlySet<RejectionCode> = new Set([
  'date_in_future',
  'intake_kind_not_return',
  'photo_limit_reached',
  'unknown_shelter',
  'username_taken',
])

const rejections = (): string => {
  const codes = Object.keys(REJECTIONS) as RejectionCode[]
  const rows = codes.map((code) => `| \`${code}\` | ${statusOf(code)} | ${REJECTIONS[code]} |`)
  const text = table('Rejection codes', ['Code', 'Status', 'Sentence'], rows)
  return `${text}\n\nA command was understood and refused. The code is in \`errors[].code\`, except where the
status is 404.`
}

const statusOf = (code: RejectionCode): number => {
  const about = NAMES_A_FIELD.has(code) ? { field: 'field' } : {}
  try {
    doneOrThrow({ kind: 'rejected', rejection: { code, detail: REJECTIONS[code], ...about } }, '')
  } catch (error) {
    if (error instanceof ProblemError) return PROBLEMS[error.type][0]
    throw error
  }
  throw new Error(`${code} is not answered with a problem`)
}

const MEANING: Readonly<Record<FieldCode, string>> = {
  REQUIRED: 'The field is missing',
  INVALID_FORMAT: 'It is of another type or form',
  INVALID_ENUM_VALUE: 'It is none of the values listed in the message',
  INVALID_VALUE: 'It does not go with the rest of the request',
  UNKNOWN_FIELD: 'There is no such field or parameter',
  TOO_SHORT: 'It has too few characters or items',
  TOO_LONG: 'It has too many characters or items',
  OUT_OF_RANGE: 'It is below or above its limit',
}

const FIELD_CODES_NOTE = `They stand in \`errors[].code\` of a 400 or 422, beside \`errors[].field\`. A key
that was used with another request has the code \`key_reused\` on the field \`Idempotency-Key\`.`

const fieldCodes = (): string => {
  const rows = FIELD_CODES.map((code) => `| \`${code}\` | ${MEANING[code]} |`)
  const text = table('Field codes', ['Code', 'Meaning'], rows)
  return `${text}\n\n${FIELD_CODES_NOTE}`
}

const table = (title: string, columns: readonly string[], rows: readonly string[]): string =>
  [
    `## ${title}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${' --- |'.repeat(columns.length)}`,
    ...rows,
  ].join('\n')
