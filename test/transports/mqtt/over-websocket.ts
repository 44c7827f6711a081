// MQTT over WebSocket on a port of its own, and a client that chooses its frames.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import mqttPacket, { type Packet } from 'mqtt-packet'
import type { Test } from 'tap'
import { createWebSocketStream, WebSocket } from 'ws'
import { createUpgrades } from '../../../src/transports/http/upgrades.ts'
import type { MqttTransport } from '../../../src/transports/mqtt/server.ts'
import { createMqttUpgrade, MQTT_PATH } from '../../../src/transports/mqtt/websocket.ts'
import { type Raw, rawOver } from './raw.ts'

export type OverWebSocket = Readonly<{ wsUrl: string; sockets: ReadonlySet<Socket> }>

export const overWebSocket = async (t: Test, mqtt: MqttTransport): Promise<OverWebSocket> => {
  const server = createServer()
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  createUpgrades(server).on(MQTT_PATH, createMqttUpgrade(mqtt))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { wsUrl: `ws://127.0.0.1:${String(port)}${MQTT_PATH}`, sockets }
}

export type Framed = Raw &
  Readonly<{
    ws: WebSocket
    /** Resolves when it has closed. */
    closeCode: Promise<number>
    /** Each part is a frame, a text frame of a text; they leave together. */
    sayFrames: (...parts: readonly (Buffer | string)[]) => void
  }>

/** The socket below, which its types do not tell. */
type Open = WebSocket & Readonly<{ _socket: Socket }>

export const rawWebSocket = async (
  t: Test,
  url: string,
  protocolVersion: 4 | 5 = 5,
): Promise<Framed> => {
  // A mask of zeros: what is sent is not copied for it.
  const ws = new WebSocket(url, 'mqtt', { generateMask: (mask) => void mask.fill(0) })
  const closeCode = new Promise<number>((resolve) => ws.once('close', resolve))
  await once(ws, 'open')
  const raw = rawOver(t, createWebSocketStream(ws), protocolVersion)
  const { _socket: below } = ws as Open
  return {
    ...raw,
    ws,
    closeCode,
    sayFrames: (...parts) => {
      below.cork()
      for (const part of parts) ws.send(part)
      below.uncork()
    },
  }
}

export const bytesOf = (packet: Packet, protocolVersion: 4 | 5 = 5): Buffer =>
  mqttPacket.generate(packet, { protocolVersion })
