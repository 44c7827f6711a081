// MQTT over WebSocket (sub-protocol `mqtt`): the same connection, its bytes in binary frames.
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { destroyOnError, ProblemError, type Upgrade, type UpgradeHandler } from '../http/host.ts'
import type { Client, Wire } from './client.ts'
import { hear, makeRoom, over, reject } from './connection.ts'
import { MQTT_LIMITS } from './limits.ts'
import { REASON } from './packets.ts'
import type { MqttTransport } from './server.ts'

export const MQTT_PATH = '/mqtt'

const SUB_PROTOCOL = 'mqtt'
const FRAME_BYTES = MQTT_LIMITS.packetBytes * 2 // packets may share a frame, and be cut anywhere

export const createMqttUpgrade = (
  mqtt: Pick<MqttTransport, 'hasRoom' | 'accept'>,
): UpgradeHandler => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES,
    handleProtocols: (protocols) => (protocols.has(SUB_PROTOCOL) ? SUB_PROTOCOL : false),
  })
  return (upgrade) => {
    const { request, socket, head, address } = upgrade
    const problem = problemOf(upgrade, mqtt)
    if (problem !== undefined) return upgrade.refuse(problem)
    server.handleUpgrade(request, socket, head, (ws) => {
      mqtt.accept({ wire: WEBSOCKET, socket, ws }, address)
      socket.off('error', destroyOnError) // ws has its own
    })
  }
}

const problemOf = (
  { request, address }: Upgrade,
  mqtt: Pick<MqttTransport, 'hasRoom'>,
): ProblemError | undefined => {
  const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',')
  if (!offered.some((each) => each.trim() === SUB_PROTOCOL)) {
    return new ProblemError('bad-request', 'MQTT is spoken here: offer the sub-protocol mqtt.')
  }
  if (mqtt.hasRoom(address)) return undefined
  return new ProblemError('service-unavailable', 'No more connections can be served now.', {
    headers: { 'retry-after': '10' },
  })
}

/** Who speaks MQTT 3.1.1 is told why by nothing else. */
const CLOSE_CODES: ReadonlyMap<number | undefined, number> = new Map([
  [REASON.malformed, 1002],
  [REASON.protocolError, 1002],
  [REASON.packetTooLarge, 1009],
  [REASON.shuttingDown, 1001],
])

const WEBSOCKET: Wire = {
  // Listeners would cost a dictionary and their closures on each connection: see websocket/door.ts.
  listen: (client) => void Object.assign(socketOf(client), { client, emit: tell }),
  isOpen: (client) => socketOf(client).readyState === WebSocket.OPEN,
  hasRoom: (client) => !client.isFull && WEBSOCKET.isOpen(client),
  write(client, bytes) {
    const ws = socketOf(client)
    if (ws.readyState !== WebSocket.OPEN) return
    const fills = ws.bufferedAmount + bytes.length >= client.house.limits.unsentBytes
    if (client.isFull || !fills) return ws.send(bytes)
    client.isFull = true
    ws.send(bytes, () => haveLeft(client))
  },
  // Its answer to our goodbye has to be read.
  pause: (client) => {
    if (WEBSOCKET.isOpen(client)) socketOf(client).pause()
  },
  resume: (client) => socketOf(client).resume(),
  close(client, reasonCode) {
    const ws = socketOf(client)
    ws.close(CLOSE_CODES.get(reasonCode))
    ws.resume()
  },
  cut: (client) => socketOf(client).terminate(),
}

const socketOf = ({ ws }: Client): WebSocket => {
  if (ws === undefined) throw new Error('this connection is no WebSocket')
  return ws
}

const haveLeft = (client: Client): void => {
  client.isFull = false
  if (WEBSOCKET.isOpen(client)) makeRoom(client)
}

type Told = WebSocket & Readonly<{ client: Client }>

function tell(this: Told, event: string, data?: RawData, isBinary?: boolean): boolean {
  const { client } = this
  switch (event) {
    case 'message':
      // ws gives one Buffer unless told otherwise.
      if (isBinary === true) hear(client, data as Buffer)
      else reject(client, REASON.protocolError)
      return true
    case 'error': // of a frame; what has come before it is answered by nothing
    case 'close':
      over(client)
      return true
    default:
      return false
  }
}
