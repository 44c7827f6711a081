// Who is at the other end: the first message says so, and a later one brings a fresh token.
import { toTimestamp } from '../../core/clock.ts'
import { ProblemError } from '../http/problem.ts'
import { admit, type Admission, type Audience } from './audience.ts'
import { revokeStaff } from './channels.ts'
import { type Client, enlist, settle } from './client.ts'
import { give, leave, refuse, send } from './line.ts'
import { refusalOf } from './refusals.ts'
import { type AuthMessage, CLOSE, type CloseCode, type ServerMessage } from './protocol.ts'
import type { WebSocketLimits } from './settings.ts'

/** Who it is, from a message of its own; a later one brings a fresh token. */
export const authenticate = async (client: Client, message: AuthMessage): Promise<void> => {
  const { verifier, logger } = client.house.common
  try {
    const tenant = message.tenant ?? client.audience?.tenantId
    const admission = await admit(verifier, { ...message, tenant }, client.address)
    if (client.isEnded) return
    if (client.audience === undefined) onFirst(client, admission)
    else onRefresh(client, admission, client.audience)
  } catch (cause) {
    logger.error({ cause }, 'a token could not be checked')
    if (client.audience === undefined) give(client, unavailable(), CLOSE.unavailable)
    else refuse(client, { problem: unavailable() })
  }
}

/** Tells that the token ends soon, and hangs up when it has. */
export const watchToken = (client: Client): void => {
  const { audience, house } = client
  if (audience === undefined) return
  const leftMs = audience.expiresAtMs - house.common.clock()
  if (leftMs <= 0) return leave(client, CLOSE.tokenExpired)
  if (leftMs > house.common.bounds.expiringNoticeMs || client.hasNoticed) return
  client.hasNoticed = true
  send(client, { op: 'expiring', at: toTimestamp(audience.expiresAtMs) })
}

const showOut = (client: Client): void => give(client, revoked(), CLOSE.forbidden)

const welcome = (client: Client, audience: Audience): void => {
  client.audience = audience
  client.hasNoticed = false
  send(client, welcomeOf(audience, client.conn, client.house.common.bounds))
}

const onFirst = (client: Client, admission: Admission): void => {
  if (admission.kind === 'bad_token') return give(client, badToken(), CLOSE.badToken)
  if (admission.kind === 'refused') return turnAway(client, admission.problem, CLOSE.malformed)
  const outcome = enlist(client, admission.audience, showOut)
  if (outcome.kind === 'refused') {
    return turnAway(client, refusalOf(outcome.reason, 'connections').problem, CLOSE.unavailable)
  }
  settle(client)
  welcome(client, admission.audience)
}

const onRefresh = (client: Client, admission: Admission, current: Audience): void => {
  if (admission.kind === 'bad_token') return refuse(client, { problem: badToken() })
  if (admission.kind === 'refused') return refuse(client, { problem: admission.problem })
  const next = admission.audience
  if (!isSameCaller(next, current)) return refuse(client, { problem: otherCaller() })
  if (next.visibility !== 'staff') revokeStaff(client)
  welcome(client, next)
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

const turnAway = (client: Client, problem: ProblemError, otherwise: CloseCode): void =>
  give(client, problem, REFUSED[problem.type] ?? otherwise)

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
