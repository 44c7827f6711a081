// The sub-protocol `pawtrail.events.v1`: what a client may say, what it is told, and the codes that
// a connection closes with. One JSON object a text message, both ways.
import { z } from 'zod'
import { MAX_FILTER_PATTERNS } from '../feed/filter.ts'
import { PROBLEM_TYPE_BASE, type ProblemError, PROBLEMS } from '../http/problem.ts'

export const SUBPROTOCOL = 'pawtrail.events.v1'
/** Of CloudEvents' own binding: events alone, each a text message; who asks says all in the request. */
export const BARE_SUBPROTOCOL = 'cloudevents.json'
export const EVENTS_PATH = '/v1/events/ws'

/** 4000 to 4499: come back. 4500 to 4999: do not, the answer would be the same. */
export const CLOSE = {
  drain: 4001,
  tokenExpired: 4005,
  tooSlow: 4008,
  resync: 4010,
  unavailable: 4013,
  badToken: 4500,
  malformed: 4501,
  forbidden: 4503,
  limit: 4504,
} as const
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE]

const MAX_CREDIT = 1_000_000
const MAX_TOKEN_CHARACTERS = 8_192
const MAX_CURSOR_CHARACTERS = 64

const id = z.int().min(0)
const ch = z.string().max(8)
const credit = z.int().min(1).max(MAX_CREDIT)
const patterns = z
  .union([z.string(), z.array(z.string()).max(MAX_FILTER_PATTERNS)])
  .transform((value) => [value].flat())

const filter = z.strictObject({
  types: patterns.optional(),
  subject: patterns.optional(),
  subjects: patterns.optional(),
  shelters: patterns.optional(),
  species: patterns.optional(),
})

export const clientMessage = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('auth'),
    token: z.string().max(MAX_TOKEN_CHARACTERS).nullish(),
    tenant: z.string().max(MAX_CURSOR_CHARACTERS).nullish(),
  }),
  z.strictObject({
    op: z.literal('sub'),
    id,
    filter: filter.optional(),
    after: z.string().max(MAX_CURSOR_CHARACTERS).default('now'),
    mode: z.enum(['all', 'latest']).optional(),
    credit: credit.optional(),
  }),
  z.strictObject({ op: z.literal('unsub'), id }),
  z.strictObject({ op: z.literal('credit'), ch, n: credit }),
  z.strictObject({ op: z.literal('ping'), ts: z.number().optional() }),
])
export type ClientMessage = z.output<typeof clientMessage>
export type SubMessage = Extract<ClientMessage, { op: 'sub' }>
export type AuthMessage = Extract<ClientMessage, { op: 'auth' }>

/** What the server says, but for events, whose frames are shared. */
export type ServerMessage =
  | Readonly<{
      op: 'welcome'
      conn: string
      hb: number
      limits: Readonly<{ subs: number; msgBytes: number }>
      expiresAt?: string
    }>
  | Readonly<{
      op: 'subbed'
      id: number
      ch: string
      resumed: boolean
      from: string
      head: string
    }>
  | Readonly<{ op: 'unsubbed'; id: number; ch: string }>
  | Readonly<{ op: 'cp'; ch: string; cursor: string; n: number }>
  | Readonly<{
      op: 'gap'
      ch: string
      reason: 'other_epoch'
      resumedFrom: string
      earliest: 'earliest'
      snapshot: string
    }>
  | Readonly<{ op: 'lag'; ch: string; behindMs: number }>
  | Readonly<{ op: 'expiring'; at: string }>
  | Readonly<{ op: 'revoked'; id: number; ch: string; cursor: string; n: number }>
  | Readonly<{ op: 'pong'; ts?: number | undefined }>
  | Readonly<{ op: 'err'; id?: number; problem: Problem; retryAfterMs?: number }>
  | Readonly<{ op: 'bye'; code: number; retryAfterMs?: number; cursor?: string }>

export type Problem = Readonly<{ type: string; title: string; status: number; detail: string }>

/** As RFC 9457 has it, and as the same refusal reads over HTTP. */
export const problemOf = ({ type, message, errors }: ProblemError): Problem => {
  const [status, title] = PROBLEMS[type]
  return {
    type: PROBLEM_TYPE_BASE + type,
    title,
    status,
    detail: message,
    ...(errors === undefined ? {} : { errors }),
  }
}
