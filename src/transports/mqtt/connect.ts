// What CONNECT says: whether it can be served, whose session it is, and what was stored of it.
import type { IConnectPacket } from 'mqtt-packet'
import type { Principal } from '../../core/auth.ts'
import type { IdGenerator } from '../../core/ids.ts'
import type { MqttSessionKey } from '../../core/mqtt-sessions.ts'
import { networkOf } from '../http/host.ts'
import { type Client, type House, type Kept, seatsOf } from './client.ts'
import { end } from './line.ts'
import { REASON } from './packets.ts'
import type { SignedIn, SignInRequest } from './sign-in.ts'
import { decodeSession, type StoredSession } from './stored-session.ts'

/** Authentication Data is an access token, in CONNECT (instead of the password) and in AUTH. */
export const TOKEN_METHOD = 'OAUTH2-JWT'

const FOREVER_SECONDS = 0xffffffff

export type Entering = Readonly<{
  connect: IConnectPacket
  key: MqttSessionKey
  isAnonymous: boolean
}>

type OpenedStored =
  | Readonly<{ kind: 'opened'; stored: StoredSession | undefined; kept: Kept | undefined }>
  | Readonly<{ kind: 'too_many' }>

/**
 * `stored`: undefined where there was no session, or none that this build can read. `kept`: undefined of
 * one that ends with its connection.
 */
export const openStored = async (
  { sessions, limits, ids, clock }: House,
  { connect, key, isAnonymous }: Entering,
): Promise<OpenedStored> => {
  if (isAnonymous) return { kind: 'opened', stored: undefined, kept: undefined }
  const owner = ids()
  const keepMs = keepMsOf(connect, limits.sessionSeconds)
  // One that ends with its connection must not be found after a crash.
  const keptMs = keepMs === 0 ? 0 : Math.max(keepMs, limits.connectedGraceMs)
  const found = await sessions.open(key, {
    ...{ owner, clean: connect.clean !== false, limit: limits.sessionsPerPrincipal },
    keepMs: keptMs,
  })
  if (found.kind === 'too_many') return found
  const stored = found.isPresent ? decodeSession(found.state) : undefined
  const kept = keepMs === 0 ? undefined : { owner, keepMs, savedText: '', savedAtMs: clock() }
  return { kind: 'opened', stored, kept }
}

/** Enhanced authentication carries the token in a place of its own. */
export const signInOf = (
  { username, password, properties }: IConnectPacket,
  address: string,
): SignInRequest =>
  properties?.authenticationMethod === undefined
    ? { username, password: password?.toString(), address }
    : { username, password: properties.authenticationData?.toString(), address, isToken: true }

/**
 * Counted with the connections of all live transports, and ended with its user. Undefined: done; else why
 * not.
 */
export const joinFeed = (client: Client): number | undefined => {
  const { tenantId, principal } = seatsOf(client)
  const outcome = client.house.feed.connect({
    ...{ tenantId, principal, transport: 'mqtt' },
    onRevoked: revoke,
    to: client,
  })
  if (outcome.kind === 'refused') {
    return outcome.reason === 'revoked' ? REASON.notAuthorized : REASON.quotaExceeded
  }
  client.place = outcome.place
  return undefined
}

const revoke = (client: Client): void => end(client, REASON.notAuthorized)

export const connectProblem = (
  connect: IConnectPacket,
  maxClientId: number,
): number | undefined => {
  if (connect.protocolVersion === 3) return REASON.unsupportedVersion
  const method = connect.properties?.authenticationMethod
  if (method !== undefined && method !== TOKEN_METHOD) return REASON.badAuthenticationMethod
  if (connect.clientId.length > maxClientId) return REASON.badClientId
  const isUnnamed = connect.clientId === ''
  if (isUnnamed && connect.protocolVersion !== 5 && connect.clean === false) {
    return REASON.badClientId
  }
  return undefined
}

/** As limits are counted and sessions are held by it. */
export const principalNameOf = ({ kind, subject }: Principal): string => `${kind}:${subject}`

/** Anonymous clients of one address are one principal: nobody else ends their connections. */
export const sessionKeyOf = (
  { principal, tenantId }: SignedIn,
  more: Readonly<{ connect: IConnectPacket; address: string; newId: IdGenerator }>,
): MqttSessionKey => ({
  tenantId,
  principal: principal === null ? `address:${networkOf(more.address)}` : principalNameOf(principal),
  clientId: more.connect.clientId === '' ? more.newId() : more.connect.clientId,
})

/** MQTT 3.1.1 has no time: what is not clean is kept as long as anything is. */
const keepMsOf = (connect: IConnectPacket, maxSeconds: number): number => {
  if (connect.protocolVersion !== 5) return connect.clean === false ? maxSeconds * 1_000 : 0
  const seconds = connect.properties?.sessionExpiryInterval ?? 0
  return Math.min(seconds === FOREVER_SECONDS ? maxSeconds : seconds, maxSeconds) * 1_000
}
