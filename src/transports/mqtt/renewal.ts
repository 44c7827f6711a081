// A fresh token on an open connection: MQTT 5 sends it in AUTH, where CONNECT has named the method.
// It must be of the same principal and grant at least what is subscribed to already, since a client
// cannot be told that a filter of its own ended.
import type { IAuthPacket } from 'mqtt-packet'
import type { Principal } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import type { MqttSessionKey } from '../../core/mqtt-sessions.ts'
import { createAccess } from './access.ts'
import { principalNameOf } from './connect.ts'
import { REASON } from './packets.ts'
import type { Session } from './session.ts'
import type { SignIn } from './sign-in.ts'

const RE_AUTHENTICATE = 0x19

export type Renewing = Readonly<{
  method: string | undefined // that CONNECT has named
  username: string | undefined
  address: string
  key: MqttSessionKey
  session: Pick<Session, 'isWithin'>
  signIn: SignIn
  clock: Clock
}>

export type Renewal =
  | Readonly<{ kind: 'renewed'; principal: Principal }>
  | Readonly<{ kind: 'refused'; reasonCode: number }>

export const renew = async (
  { reasonCode, properties }: IAuthPacket,
  { method, username, address, key, session, signIn, clock }: Renewing,
): Promise<Renewal> => {
  const isAsked = reasonCode === RE_AUTHENTICATE && properties?.authenticationMethod === method
  if (method === undefined || !isAsked) return refused(REASON.protocolError)
  const password = properties?.authenticationData?.toString()
  const signedIn = await signIn({ username, password, address, isToken: true })
  if (signedIn.kind !== 'signed_in') return refused(REASON.notAuthorized)
  const { principal, tenantId } = signedIn
  const isSame =
    principal !== null && principalNameOf(principal) === key.principal && tenantId === key.tenantId
  if (!isSame || !session.isWithin(createAccess(principal, clock))) {
    return refused(REASON.notAuthorized)
  }
  return { kind: 'renewed', principal }
}

const refused = (reasonCode: number): Renewal => ({ kind: 'refused', reasonCode })
