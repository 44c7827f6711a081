// A client made of single packets, for what a library would not send, or would acknowledge by itself.
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import mqttPacket, { type Packet } from 'mqtt-packet'
import type { Test } from 'tap'

export type Raw = Readonly<{
  socket: Duplex
  packets: Packet[]
  say: (packet: Packet) => void
  sayBytes: (bytes: Buffer) => void
  until: (holds: (packets: readonly Packet[]) => boolean) => Promise<void>
  isClosed: () => boolean
  closed: Promise<void>
}>

const DEADLINE_MS = 10_000

export const raw = (t: Test, port: number, protocolVersion: 4 | 5 = 5): Raw =>
  rawOver(t, connectTcp({ port, host: '127.0.0.1' }), protocolVersion)

export const rawOver = (t: Test, socket: Duplex, protocolVersion: 4 | 5 = 5): Raw => {
  t.teardown(() => socket.destroy())
  const parser = mqttPacket.parser({ protocolVersion })
  const packets: Packet[] = []
  const looks = new Set<() => void>()
  let isClosed = false
  const look = () => {
    for (const each of looks) each()
  }
  parser.on('packet', (packet) => {
    packets.push(packet)
    look()
  })
  socket.on('data', (chunk: Buffer) => parser.parse(chunk)).on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true
      resolve()
    })
  })
  const sayBytes = (bytes: Buffer) => void socket.write(bytes)
  return {
    socket,
    packets,
    say: (packet) => sayBytes(mqttPacket.generate(packet, { protocolVersion })),
    sayBytes,
    isClosed: () => isClosed,
    closed,
    until: (holds) =>
      new Promise((resolve, reject) => {
        const fail = () => {
          looks.delete(check)
          reject(new Error(`not said in time: ${JSON.stringify(packets.map(({ cmd }) => cmd))}`))
        }
        const timer = setTimeout(fail, DEADLINE_MS)
        const check = () => {
          if (!holds(packets)) return
          clearTimeout(timer)
          looks.delete(check)
          resolve()
        }
        looks.add(check)
        check()
      }),
  }
}

export const hello = (more: object = {}): Packet => ({
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 5,
  clientId: 'raw',
  clean: true,
  keepalive: 60,
  username: 'x',
  password: Buffer.from('staff'),
  ...more,
})

export const subscribeTo = (topic: string, qos: 0 | 1 | 2 = 1, messageId = 1): Packet => ({
  cmd: 'subscribe',
  messageId,
  subscriptions: [{ topic, qos, nl: false, rap: false, rh: 0 }],
})

export const publishes = (packets: readonly Packet[]) =>
  packets.flatMap((packet) => (packet.cmd === 'publish' ? [packet] : []))
