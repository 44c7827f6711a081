// MQTT over WebSocket (sub-protocol `mqtt`): the same connection, its bytes in binary frames.
import { createWebSocketStream, WebSocketServer } from 'ws'
import { ProblemError, type UpgradeHandler } from '../http/host.ts'
import { MQTT_LIMITS } from './limits.ts'
import type { MqttTransport } from './server.ts'

export const MQTT_PATH = '/mqtt'

const SUB_PROTOCOL = 'mqtt'
const FRAME_BYTES = MQTT_LIMITS.packetBytes * 2 // packets may share a frame, and be cut anywhere

export const createMqttUpgrade = (mqtt: Pick<MqttTransport, 'accept'>): UpgradeHandler => {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: FRAME_BYTES,
    handleProtocols: (protocols) => (protocols.has(SUB_PROTOCOL) ? SUB_PROTOCOL : false),
  })
  return ({ request, socket, head, address, refuse }) => {
    const offered = String(request.headers['sec-websocket-protocol'] ?? '').split(',')
    if (!offered.some((each) => each.trim() === SUB_PROTOCOL)) {
      refuse(new ProblemError('bad-request', 'MQTT is spoken here: offer the sub-protocol mqtt.'))
      return
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const highWaterMark = MQTT_LIMITS.unsentBytes
      mqtt.accept(createWebSocketStream(webSocket, { highWaterMark }), address)
    })
  }
}
