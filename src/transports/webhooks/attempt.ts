// One call to a receiver, and what it came to.
import { type Clock, toTimestamp } from '../../core/clock.ts'
import type { Outbound } from '../../core/outbound.ts'
import {
  type Attempt,
  type EndpointFacts,
  MAX_ANSWER_KEPT,
  type StoredSecret,
} from '../../core/webhooks.ts'
import type { WebhookLimits } from './limits.ts'
import { CONTENT_TYPES } from './message.ts'
import { judge, type Verdict } from './schedule.ts'
import { signatureHeaders } from './signing.ts'

export type Called = Readonly<{ id: string; body: string; attempt: number }>
export type CallResult = Readonly<{
  verdict: Verdict
  log: Pick<Attempt, 'at' | 'status' | 'durationMs' | 'answer' | 'secretIds'>
}>

export type Caller = (
  endpoint: EndpointFacts,
  called: Called,
  signing: Readonly<{ secrets: readonly StoredSecret[]; signal: AbortSignal }>,
) => Promise<CallResult>

export const createCaller =
  (options: Readonly<{ outbound: Outbound; clock: Clock; limits: WebhookLimits }>): Caller =>
  async (endpoint, called, { secrets, signal }) => {
    const { outbound, clock, limits } = options
    const nowMs = clock()
    const outcome = await outbound.post({
      url: endpoint.url,
      headers: {
        'content-type': CONTENT_TYPES[endpoint.format],
        ...signatureHeaders({ ...called, nowMs }, secrets),
      },
      body: called.body,
      deadlineMs: limits.deadlineMs,
      maxAnswerBytes: limits.answerBytes,
      signal,
    })
    const isAnswered = outcome.kind === 'answered'
    return {
      verdict: judge(outcome, clock()),
      log: {
        at: toTimestamp(nowMs),
        status: isAnswered ? outcome.status : null,
        durationMs: Math.max(0, clock() - nowMs),
        answer: isAnswered ? storable(outcome.body) : '',
        secretIds: secrets.map(({ id }) => id),
      },
    }
  }

/** A database keeps neither NUL nor half of a surrogate pair. */
const storable = (text: string): string =>
  text.slice(0, MAX_ANSWER_KEPT).replaceAll(/[\0\ud800-\udfff]/gu, '')

/** Those that sign now, oldest first. */
export const liveSecrets = (
  { secrets }: EndpointFacts,
  stored: readonly StoredSecret[],
  at: string,
): readonly StoredSecret[] =>
  secrets
    .filter(({ expiresAt }) => expiresAt === null || expiresAt > at)
    .flatMap(({ id }) => stored.filter((each) => each.id === id))

export const detailOf = (verdict: Verdict): string =>
  verdict.kind === 'delivered' || verdict.kind === 'stopped' ? '' : verdict.detail
