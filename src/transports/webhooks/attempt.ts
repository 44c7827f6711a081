// One call to a receiver, and what it came to.
import { type Clock, toTimestamp } from '../../core/clock.ts'
import type { OutboundLines, TimedOutcome } from '../../core/outbound.ts'
import {
  type Attempt,
  type EndpointFacts,
  MAX_ANSWER_KEPT,
  type StoredSecret,
} from '../../core/webhooks.ts'
import type { WebhookLimits } from './limits.ts'
import { CONTENT_TYPES } from './message.ts'
import { judge, type Verdict } from './schedule.ts'
import { createKeyring, signedHeaders } from './signing.ts'

export type Called = Readonly<{ id: string; body: string; attempt: number }>
export type CallResult = Readonly<{
  verdict: Verdict
  log: Pick<Attempt, 'at' | 'status' | 'durationMs' | 'times' | 'answer' | 'secretIds'>
}>

/** To one endpoint, over connections that are kept meanwhile. */
export type Line = Readonly<{ call(called: Called): Promise<CallResult>; close(): Promise<void> }>

export type LineParts = Readonly<{ outbound: OutboundLines; clock: Clock; limits: WebhookLimits }>
type Opened = Readonly<{ secrets: readonly StoredSecret[]; signal?: AbortSignal }>

export const openLine = (
  { outbound, clock, limits }: LineParts,
  endpoint: EndpointFacts,
  { secrets, signal }: Opened,
): Line => {
  const { url, format, maxInFlight: connections } = endpoint
  const line = outbound.open({ url, connections, ...(signal === undefined ? {} : { signal }) })
  const keyring = createKeyring(endpoint, secrets)
  const contentType = CONTENT_TYPES[format]
  const call = ({ id, body, attempt }: Called): Promise<CallResult> => {
    const nowMs = clock()
    const at = toTimestamp(nowMs)
    const keys = keyring.at(at)
    const headers = signedHeaders({ id, body, attempt }, { nowMs, keys, contentType })
    const { deadlineMs, answerBytes: maxAnswerBytes } = limits
    return line
      .post({ headers, body, deadlineMs, maxAnswerBytes })
      .then((outcome) => resultOf(outcome, { at, secretIds: keys.ids, nowMs: clock() }))
  }
  return { call, close: line.close }
}

type Made = Pick<Attempt, 'at' | 'secretIds'> & Readonly<{ nowMs: number }>

const resultOf = ({ outcome, times }: TimedOutcome, { at, secretIds, nowMs }: Made): CallResult => {
  const isAnswered = outcome.kind === 'answered'
  return {
    verdict: judge(outcome, nowMs),
    log: {
      at,
      status: isAnswered ? outcome.status : null,
      durationMs: times.totalMs,
      times,
      answer: isAnswered ? storable(outcome.body) : '',
      secretIds,
    },
  }
}

/** A database keeps neither NUL nor half of a surrogate pair. */
const storable = (text: string): string =>
  text === '' ? '' : text.slice(0, MAX_ANSWER_KEPT).replaceAll(/[\0\ud800-\udfff]/gu, '')

export const detailOf = (verdict: Verdict): string =>
  verdict.kind === 'delivered' || verdict.kind === 'stopped' ? '' : verdict.detail
