// How a client comes in: CONNECT says who it is and whose session it wants, and it is answered.
import type { IConnectPacket } from 'mqtt-packet'
import { refuseConnect, welcome } from './answers.ts'
import type { Client } from './client.ts'
import { connectProblem, joinFeed, openStored, sessionKeyOf, signInOf } from './connect.ts'
import { settle, whenLeft } from './leaving.ts'
import { end, send } from './line.ts'
import { REASON } from './packets.ts'
import { felt } from './pulse.ts'
import type { SeatLimit } from './roster.ts'
import { resume, startSession } from './session.ts'

const KEEP_ALIVE_FACTOR_MS = 1_500

/** False: it was refused, or has been ended meanwhile. */
export const enter = async (client: Client, connect: IConnectPacket): Promise<boolean> => {
  const { house, address } = client
  const problem = connectProblem(connect, house.limits.clientIdCharacters)
  if (problem !== undefined) return refuse(client, connect, problem)
  const signedIn = await house.signIn(signInOf(connect, address))
  if (signedIn.kind !== 'signed_in') {
    const isLimited = signedIn.kind === 'limited'
    return refuse(client, connect, isLimited ? REASON.rateExceeded : REASON.badCredentials)
  }
  const isAnonymous = signedIn.principal === null
  const key = sessionKeyOf(signedIn, { connect, address, newId: house.ids })
  const taken = house.roster.take(client, { key, isAnonymous })
  if (typeof taken === 'string') return refuseFor(client, connect, taken)
  if (taken.former !== undefined) {
    end(taken.former, REASON.takenOver)
    await whenLeft(taken.former)
  }
  const refusal = joinFeed(client)
  if (refusal !== undefined) return refuse(client, connect, refusal)
  const found = await openStored(house, { connect, key, isAnonymous })
  if (found.kind === 'too_many') return refuseFor(client, connect, 'session_limit')
  client.principal = signedIn.principal
  takeTerms(client, connect)
  const isPresent = found.stored !== undefined && resume(client, found.stored)
  client.kept = found.kept
  client.isIn = true
  settle(client)
  felt(client)
  send(client, welcome(client, connect, isPresent))
  startSession(client)
  return !client.isEnding
}

/** What CONNECT says of how the two will talk. */
const takeTerms = (client: Client, { properties, keepalive, username }: IConnectPacket): void => {
  const { limits } = client.house
  client.mostInFlight = Math.min(limits.inFlight, properties?.receiveMaximum ?? limits.inFlight)
  client.maxPacketBytes = properties?.maximumPacketSize ?? client.maxPacketBytes
  client.keepAliveMs = (keepalive ?? 0) * KEEP_ALIVE_FACTOR_MS
  client.method = properties?.authenticationMethod
  client.username = client.method === undefined ? undefined : username
}

const refuseFor = (
  client: Client,
  connect: IConnectPacket,
  reason: SeatLimit | 'session_limit',
): false => {
  client.house.metrics.count('pawtrail_feed_refused_total', 1, { transport: 'mqtt', reason })
  return refuse(client, connect, REASON.quotaExceeded)
}

const refuse = (client: Client, connect: IConnectPacket, reasonCode: number): false => {
  client.wire.write(client, refuseConnect(connect, reasonCode))
  end(client)
  return false
}
