// One connection: CONNECT, then packets one after the other until either side ends it. A client
// that does not read is not read from; what it is owed stays in the log. What happens on its line, the
// line tells by `hear`, `makeRoom` and `over`.
import type { IAuthPacket, IDisconnectPacket } from 'mqtt-packet'
import { answer, type Reply } from './answers.ts'
import { type Client, createClient, type House, type Line } from './client.ts'
import { enter } from './entry.ts'
import { leave, save } from './leaving.ts'
import { drained, end, send } from './line.ts'
import { isStreamError, nextPacket, type Packet, PacketError, REASON } from './packets.ts'
import { felt } from './pulse.ts'
import { renew } from './renewal.ts'
import { pumpAll } from './session.ts'

export const serve = (house: House, line: Line, address: string): void => {
  const client = createClient(house, line, address)
  house.clients.add(client)
  house.pending.add(address, 1)
  client.isPending = true
  line.wire.listen(client)
}

/** Bytes have come. */
export const hear = (client: Client, bytes: Buffer): void => {
  if (client.isLeaving) return
  if (client.isEnding) return client.isBusy ? undefined : depart(client)
  const { waiting } = client
  client.waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes])
  if (!client.isBusy) read(client)
}

/** What was written has left. */
export const makeRoom = (client: Client): void => {
  if (client.isIn) pumpAll(client)
  wake(client)
}

/** Nothing more comes. */
export const over = (client: Client): void => {
  client.isOver = true
  wake(client)
  if (!client.isBusy) depart(client)
}

/** What has come is not MQTT. */
export const reject = (client: Client, reasonCode: number): void => {
  end(client, reasonCode)
  if (!client.isBusy) depart(client)
}

const wake = (client: Client): void => {
  const { onRoom } = client
  client.onRoom = undefined
  onRoom?.()
}

/** All that has come whole. What is still to be written is not thrown away by the end. */
const read = (client: Client): void => {
  const { packetBytes } = client.house.limits
  try {
    let packet = nextPacket(client, packetBytes)
    while (packet !== undefined) {
      const goesOn = take(client, packet)
      if (goesOn === false) return depart(client)
      if (goesOn !== true) return void wait(client, goesOn)
      packet = nextPacket(client, packetBytes)
    }
    if (client.isOver) depart(client)
  } catch (cause) {
    fail(client, cause)
  }
}

/** No other packet is read meanwhile. */
const wait = async (client: Client, acting: Promise<boolean>): Promise<void> => {
  client.isBusy = true
  client.wire.pause(client)
  try {
    const goesOn = await acting
    client.isBusy = false
    if (!goesOn) return depart(client)
  } catch (cause) {
    return fail(client, cause)
  }
  client.wire.resume(client)
  read(client)
}

const fail = (client: Client, cause: unknown): void => {
  if (cause instanceof PacketError) end(client, cause.reasonCode)
  else if (!isStreamError(cause)) {
    client.house.logger.error({ cause }, 'an MQTT connection failed')
    end(client, REASON.specificError)
  }
  depart(client)
}

const depart = (client: Client): void => {
  if (client.isLeaving) return
  client.isLeaving = true
  client.wire.pause(client)
  void leave(client)
}

/** False: no other is taken from it. */
const take = (client: Client, packet: Packet): boolean | Promise<boolean> => {
  if (client.isEnding) return false
  if (!client.isIn) return packet.cmd === 'connect' && enter(client, packet)
  felt(client)
  const { wire } = client
  if (wire.hasRoom(client) || !wire.isOpen(client)) return handle(client, packet)
  return drained(client).then(() => handle(client, packet))
}

const handle = (client: Client, packet: Packet): boolean | Promise<boolean> => {
  if (packet.cmd === 'disconnect') return sayGoodbye(client, packet)
  if (packet.cmd === 'auth') return renewToken(client, packet)
  const answered = answer(packet, client)
  if (answered.kind === 'end') {
    end(client, answered.reasonCode)
    return false
  }
  const reply = () => sendReply(client, answered)
  return answered.isChange && client.kept !== undefined ? save(client).then(reply) : reply()
}

const sendReply = (client: Client, { replies, starts }: Reply): boolean => {
  if (client.isEnding) return false
  for (const each of replies) send(client, each)
  for (const start of starts) start()
  return true
}

const sayGoodbye = (client: Client, { properties }: IDisconnectPacket): false => {
  const { kept, house } = client
  const seconds = properties?.sessionExpiryInterval
  // A session that was to end with its connection cannot be kept after all.
  if (seconds !== undefined && kept !== undefined) {
    kept.keepMs = Math.min(seconds, house.limits.sessionSeconds) * 1_000
  }
  end(client)
  return false
}

const renewToken = async (client: Client, packet: IAuthPacket): Promise<boolean> => {
  const renewal = await renew(client, packet)
  if (client.isEnding) return false
  if (renewal.kind === 'refused') {
    end(client, renewal.reasonCode)
    return false
  }
  client.principal = renewal.principal
  const properties = { authenticationMethod: client.method ?? '' }
  send(client, { cmd: 'auth', reasonCode: REASON.success, properties })
  return true
}
