// A fresh token on an open connection: MQTT 5 sends it in AUTH, where CONNECT has named the method.
// It must be of the same principal and grant at least what is subscribed to already, since a client
// cannot be told that a filter of its own ended.
import type { IAuthPacket } from 'mqtt-packet'
import type { Principal } from '../../core/auth.ts'
import { type Client, seatsOf } from './client.ts'
import { principalNameOf } from './connect.ts'
import { REASON } from './packets.ts'
import { isWithin } from './session.ts'

const RE_AUTHENTICATE = 0x19

export type Renewal =
  | Readonly<{ kind: 'renewed'; principal: Principal }>
  | Readonly<{ kind: 'refused'; reasonCode: number }>

export const renew = async (
  client: Client,
  { reasonCode, properties }: IAuthPacket,
): Promise<Renewal> => {
  const { method, username, address, house } = client
  const isAsked = reasonCode === RE_AUTHENTICATE && properties?.authenticationMethod === method
  if (method === undefined || !isAsked) return refused(REASON.protocolError)
  const password = properties?.authenticationData?.toString()
  const signedIn = await house.signIn({ username, password, address, isToken: true })
  if (signedIn.kind !== 'signed_in') return refused(REASON.notAuthorized)
  const { principal, tenantId } = signedIn
  const seats = seatsOf(client)
  const isSame =
    principal !== null &&
    principalNameOf(principal) === seats.principal &&
    tenantId === seats.tenantId
  if (!isSame || !isWithin(client, { principal, house })) return refused(REASON.notAuthorized)
  return { kind: 'renewed', principal }
}

const refused = (reasonCode: number): Renewal => ({ kind: 'refused', reasonCode })
