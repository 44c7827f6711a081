// One connection: CONNECT, then packets one after the other until either side ends it. A client
// that does not read is not read from; what it is owed stays in the log.
import type { Duplex } from 'node:stream'
import type { IAuthPacket, IConnectPacket, IDisconnectPacket } from 'mqtt-packet'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator } from '../../core/ids.ts'
import type { MqttSessionKey, MqttSessions } from '../../core/mqtt-sessions.ts'
import type { ConnectionPlace } from '../feed/types.ts'
import { createRenewableAccess, type RenewableAccess } from './access.ts'
import { answer, refuseConnect, welcome } from './answers.ts'
import { connectProblem, joinFeed, openStored, sessionKeyOf, signInOf } from './connect.ts'
import { createExpiry, type Expiry } from './expiry.ts'
import { createOutlet, type Outlet } from './outlet.ts'
import {
  isStreamError,
  type Packet,
  PacketError,
  type ProtocolVersion,
  readPackets,
  REASON,
} from './packets.ts'
import { renew } from './renewal.ts'
import type { Roster, Seat } from './roster.ts'
import { createSession, type Session, type SessionParts } from './session.ts'
import type { SignIn } from './sign-in.ts'
import { encodeSession } from './stored-session.ts'

export type ConnectionParts = SessionParts &
  Readonly<{
    signIn: SignIn
    sessions: MqttSessions
    roster: Roster<Connection>
    clock: Clock
    ids: IdGenerator
  }>

export type Connection = Readonly<{
  takeOver: () => Promise<void>
  /** Stores the session if it has moved. */
  save: () => Promise<void>
  end: (reasonCode?: number) => void
  /** Bytes that are held for a client that has not taken them. */
  queuedBytes: () => number
  /** Resolves when it is over and its session is stored. */
  ended: Promise<void>
}>

type Client = {
  readonly key: MqttSessionKey
  readonly method: string | undefined // of enhanced authentication
  readonly username: string | undefined
  readonly access: RenewableAccess
  readonly version: ProtocolVersion
  readonly outlet: Outlet
  readonly session: Session
  readonly owner: string
  readonly isAnonymous: boolean
  keepMs: number // after it has left; 0: its session ends with it
  savedText: string
  savedAtMs: number
}

const KEEP_ALIVE_FACTOR_MS = 1_500

type State = {
  readonly stream: Duplex
  readonly address: string
  readonly parts: ConnectionParts
  readonly timers: NodeJS.Timeout[]
  readonly connection: Connection
  readonly expiry: Expiry
  client: Client | undefined
  seat: Seat | undefined
  place: ConnectionPlace | undefined // in the feed's count
  isEnding: boolean
}

export const serveConnection = (
  stream: Duplex,
  address: string,
  parts: ConnectionParts,
): Connection => {
  let begin: () => void = () => {}
  const ended = new Promise<void>((resolve) => (begin = resolve)).then(() => run(state))
  const connection: Connection = {
    takeOver: () => {
      end(state, REASON.takenOver)
      return ended
    },
    save: () => save(state),
    end: (reasonCode) => end(state, reasonCode),
    queuedBytes: () => stream.writableLength + (state.client?.session.queuedBytes() ?? 0),
    ended,
  }
  const state: State = {
    ...{ stream, address, parts, connection, timers: [], isEnding: false },
    ...{ client: undefined, seat: undefined, place: undefined },
    expiry: createExpiry(parts.clock, () => end(state, REASON.notAuthorized)),
  }
  begin()
  return connection
}

const run = async (state: State): Promise<void> => {
  const { stream, parts } = state
  const { logger } = parts
  stream.on('error', () => {}) // told by the end of the packets
  try {
    await converse(state)
  } catch (cause) {
    if (cause instanceof PacketError) end(state, cause.reasonCode)
    else if (!isStreamError(cause)) {
      logger.error({ cause }, 'an MQTT connection failed')
      end(state, REASON.specificError)
    }
  }
  try {
    await cleanUp(state)
  } catch (cause) {
    logger.warn({ cause }, 'an MQTT session could not be stored')
    end(state)
  } finally {
    state.seat?.leave()
    if (state.place !== undefined) parts.feed.disconnect(state.place)
  }
}

const converse = (state: State): Promise<void> => {
  const { stream } = state
  const { limits } = state.parts
  const connecting = after(state, limits.connectTimeoutMs, () => stream.destroy())
  let alive: NodeJS.Timeout | undefined
  return readPackets(stream, limits.packetBytes, async (packet) => {
    if (state.isEnding) return false
    alive?.refresh()
    const { client } = state
    if (client !== undefined) {
      await client.outlet.drained()
      return handle(state, packet)
    }
    if (packet.cmd !== 'connect') return false
    const entered = await enter(state, packet)
    clearTimeout(connecting)
    state.timers.splice(0, 1) // it is not held any longer
    if (entered === undefined || state.isEnding) return false
    const seconds = packet.keepalive ?? 0
    const silent = () => end(state, REASON.keepAliveTimeout)
    if (seconds > 0) alive = after(state, seconds * KEEP_ALIVE_FACTOR_MS, silent)
    return true
  })
}

const enter = async (state: State, connect: IConnectPacket): Promise<Client | undefined> => {
  const { stream, address, parts } = state
  const { limits, clock } = parts
  const version: ProtocolVersion = connect.protocolVersion === 5 ? 5 : 4
  const problem = connectProblem(connect, limits.clientIdCharacters)
  if (problem !== undefined) return refuseEntry(state, connect, problem)
  const signedIn = await parts.signIn(signInOf(connect, address))
  if (signedIn.kind !== 'signed_in') {
    return refuseEntry(
      state,
      connect,
      signedIn.kind === 'limited' ? REASON.rateExceeded : REASON.badCredentials,
    )
  }
  const isAnonymous = signedIn.principal === null
  const key = sessionKeyOf(signedIn, { connect, address, newId: parts.ids })
  const taken = parts.roster.take({ key, isAnonymous, connection: state.connection })
  if (taken === undefined) return refuseEntry(state, connect, REASON.quotaExceeded)
  state.seat = taken
  await taken.former?.takeOver()
  const joined = joinFeed(parts.feed, key, () => end(state, REASON.notAuthorized))
  if (joined.kind === 'refused') return refuseEntry(state, connect, joined.reasonCode)
  state.place = joined.place
  const found = await openStored(parts, { connect, key, isAnonymous })
  if (found.kind === 'too_many') return refuseEntry(state, connect, REASON.quotaExceeded)
  const { stored, owner, keepMs } = found
  const access = createRenewableAccess(signedIn.principal, clock)
  const outlet = createOutlet({
    ...{ stream, version, nextId: stored?.nextId ?? 1 },
    inFlight: Math.min(limits.inFlight, connect.properties?.receiveMaximum ?? Infinity),
    maxPacketBytes: connect.properties?.maximumPacketSize ?? Infinity,
    onRoom: () => state.client?.session.pump(),
  })
  const session = createSession({
    ...{ parts, outlet, principal: key.principal },
    ...{ access, end: (reasonCode) => end(state, reasonCode) },
  })
  const isPresent = stored !== undefined && session.resume(stored)
  const entered: Client = {
    ...{ key, version, outlet, session, owner, isAnonymous, keepMs, access },
    ...{ method: connect.properties?.authenticationMethod, username: connect.username },
    ...{ savedText: '', savedAtMs: clock() },
  }
  state.client = entered
  if (signedIn.principal !== null) state.expiry.set(signedIn.principal.expiresAtMs)
  outlet.send(welcome({ connect, key, isPresent, keepMs, limits }))
  session.start()
  return entered
}

const refuseEntry = (state: State, connect: IConnectPacket, reasonCode: number): undefined => {
  state.stream.write(refuseConnect(connect, reasonCode))
  end(state)
}

const handle = async (state: State, packet: Packet): Promise<boolean> => {
  const to = state.client
  if (to === undefined) return false
  if (packet.cmd === 'disconnect') {
    leave(state, packet)
    return false
  }
  if (packet.cmd === 'auth') return renewToken(state, to, packet)
  const outcome = answer(packet, to)
  if (outcome.kind === 'end') {
    end(state, outcome.reasonCode)
    return false
  }
  if (outcome.isChange) await save(state)
  if (state.isEnding) return false
  for (const reply of outcome.replies) to.outlet.send(reply)
  for (const start of outcome.starts) start()
  return true
}

const renewToken = async (state: State, client: Client, packet: IAuthPacket): Promise<boolean> => {
  const { address, parts, expiry } = state
  const renewal = await renew(packet, { ...parts, ...client, address })
  if (state.isEnding) return false
  if (renewal.kind === 'refused') {
    end(state, renewal.reasonCode)
    return false
  }
  client.access.renew(renewal.principal)
  expiry.set(renewal.principal.expiresAtMs)
  const properties = { authenticationMethod: client.method ?? '' }
  client.outlet.send({ cmd: 'auth', reasonCode: REASON.success, properties })
  return true
}

const leave = (state: State, { properties }: IDisconnectPacket): void => {
  const { client, parts } = state
  const seconds = properties?.sessionExpiryInterval
  // A session that was to end with its connection cannot be kept after all.
  if (seconds !== undefined && client !== undefined && client.keepMs > 0) {
    client.keepMs = Math.min(seconds, parts.limits.sessionSeconds) * 1_000
  }
  end(state)
}

const save = async (state: State, isLeaving = false): Promise<void> => {
  const { client, parts } = state
  const { clock, limits, sessions } = parts
  if (client === undefined || client.keepMs === 0) return
  const stored = encodeSession(client.session.stored())
  const text = JSON.stringify(stored)
  const isDue = clock() - client.savedAtMs >= limits.touchIntervalMs
  if (!isLeaving && !isDue && text === client.savedText) return
  const keepMs = isLeaving ? client.keepMs : Math.max(client.keepMs, limits.connectedGraceMs)
  const saved = await sessions.save(client.key, { owner: client.owner, state: stored, keepMs })
  client.savedText = text
  client.savedAtMs = clock()
  if (!saved) end(state, REASON.takenOver)
}

const cleanUp = async (state: State): Promise<void> => {
  const { timers, client, parts } = state
  for (const timer of timers) clearTimeout(timer)
  state.expiry.stop()
  const endsWithIt = client !== undefined && !client.isAnonymous && client.keepMs === 0
  client?.session.close()
  if (client !== undefined) {
    if (endsWithIt) await parts.sessions.remove(client.key, client.owner)
    else await save(state, true)
  }
  end(state)
}

const end = (state: State, reasonCode?: number): void => {
  const { stream, client, parts } = state
  if (state.isEnding) return
  state.isEnding = true
  if (client?.version === 5 && reasonCode !== undefined) {
    client.outlet.send({ cmd: 'disconnect', reasonCode })
  }
  stream.end()
  const cut = setTimeout(() => stream.destroy(), parts.limits.closeGraceMs)
  cut.unref()
  stream.once('close', () => clearTimeout(cut))
}

const after = (state: State, ms: number, work: () => void): NodeJS.Timeout => {
  const timer = setTimeout(work, ms)
  timer.unref()
  state.timers.push(timer)
  return timer
}
