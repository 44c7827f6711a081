// Who is at the other end: the first message says so, and a later one brings a fresh token.
import { toTimestamp } from '../../core/clock.ts'
import { ProblemError } from '../http/problem.ts'
import { admit, type Admission, type Audience } from './audience.ts'
import type { Line } from './line.ts'
import { refusalOf } from './refusals.ts'
import { type AuthMessage, CLOSE, type CloseCode, type ServerMessage } from './protocol.ts'
import type { Common, WebSocketLimits } from './settings.ts'

export type EntranceOptions = Readonly<{
  common: Common
  line: Line
  address: string
  onSettled: () => void
  /** The caller has no right to the staff class any more. */
  onDemoted: () => void
}>

export type Entrance = Readonly<{
  audience: () => Audience | undefined
  authenticate: (message: AuthMessage) => Promise<void>
  /** Tells that the token ends soon, and hangs up when it has. */
  watch: () => void
  end: () => void
}>

export const createEntrance = (options: EntranceOptions): Entrance => {
  const { common, line } = options
  const { bounds, clock, logger } = common
  const conn = common.ids()
  let audience: Audience | undefined
  let hasNoticed = false
  let isSettled = false
  let disconnect: () => void = () => {}

  const settle = (): void => {
    if (!isSettled) options.onSettled()
    isSettled = true
  }

  const welcome = (next: Audience): void => {
    audience = next
    hasNoticed = false
    line.send(welcomeOf(next, conn, bounds))
  }

  const onFirst = (admission: Admission): void => {
    if (admission.kind === 'bad_token') return line.give(badToken(), CLOSE.badToken)
    if (admission.kind === 'refused') return turnAway(line, admission.problem, CLOSE.malformed)
    const outcome = enlist(admission.audience, options)
    if (outcome.kind === 'refused') {
      return turnAway(line, refusalOf(outcome.reason, 'connections').problem, CLOSE.unavailable)
    }
    disconnect = outcome.disconnect
    settle()
    welcome(admission.audience)
  }

  const onRefresh = (admission: Admission, current: Audience): void => {
    if (admission.kind === 'bad_token') return line.refuse({ problem: badToken() })
    if (admission.kind === 'refused') return line.refuse({ problem: admission.problem })
    const next = admission.audience
    if (!isSameCaller(next, current)) return line.refuse({ problem: otherCaller() })
    if (next.visibility !== 'staff') options.onDemoted()
    welcome(next)
  }

  return {
    audience: () => audience,
    async authenticate(message) {
      try {
        const tenant = message.tenant ?? audience?.tenantId
        const admission = await admit(common.verifier, { ...message, tenant }, options.address)
        if (line.isEnded()) return
        if (audience === undefined) onFirst(admission)
        else onRefresh(admission, audience)
      } catch (cause) {
        logger.error({ cause }, 'a token could not be checked')
        if (audience === undefined) line.give(unavailable(), CLOSE.unavailable)
        else line.refuse({ problem: unavailable() })
      }
    },
    watch() {
      if (audience === undefined) return
      const leftMs = audience.expiresAtMs - clock()
      if (leftMs <= 0) return line.leave(CLOSE.tokenExpired)
      if (leftMs > bounds.expiringNoticeMs || hasNoticed) return
      hasNoticed = true
      line.send({ op: 'expiring', at: toTimestamp(audience.expiresAtMs) })
    },
    end() {
      settle()
      disconnect()
    },
  }
}

const isSameCaller = (one: Audience, other: Audience): boolean =>
  one.tenantId === other.tenantId && one.limitKey === other.limitKey

const welcomeOf = (
  { expiresAtMs }: Audience,
  conn: string,
  bounds: WebSocketLimits,
): ServerMessage => ({
  ...{ op: 'welcome', conn, hb: bounds.pingMs },
  limits: { subs: bounds.subscriptions, msgBytes: bounds.messageBytes },
  ...(expiresAtMs === Infinity ? {} : { expiresAt: toTimestamp(expiresAtMs) }),
})

/** Counts the connection against the feed's limits, and ends it when its user is deleted. */
const enlist = ({ tenantId, limitKey }: Audience, { common, line }: EntranceOptions) =>
  common.feed.connect({
    tenantId,
    principal: limitKey,
    transport: 'websocket',
    onRevoked: () => line.give(revoked(), CLOSE.forbidden),
  })

const turnAway = (line: Line, problem: ProblemError, otherwise: CloseCode): void =>
  line.give(problem, REFUSED[problem.type] ?? otherwise)

const REFUSED: Readonly<Partial<Record<string, CloseCode>>> = {
  unauthorized: CLOSE.badToken,
  forbidden: CLOSE.forbidden,
  'rate-limit-exceeded': CLOSE.limit,
}

const badToken = () => new ProblemError('unauthorized', 'The token is not valid, or has expired.')
const otherCaller = () =>
  new ProblemError('forbidden', 'A connection stays with the caller and tenant it began with.')
const revoked = () => new ProblemError('forbidden', 'The account of this token was deleted.')
const unavailable = () =>
  new ProblemError('service-unavailable', 'The token cannot be checked just now.')
