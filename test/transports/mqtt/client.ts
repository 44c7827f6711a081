// A small MQTT client for tests.
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'

export type Heard = Readonly<{
  topic: string
  text: string
  retain: boolean
  dup: boolean
  qos: number
  properties: Readonly<Record<string, unknown>>
}>

export type Listener = Readonly<{
  client: MqttClient
  heard: Heard[]
  isSessionPresent: () => boolean
  /** Rejects when nothing came for long. */
  until: (holds: (heard: readonly Heard[]) => boolean) => Promise<void>
  close: () => Promise<void>
}>

const DEADLINE_MS = 15_000

/** Connects, or rejects with the reason of the refusal. */
export const listen = async (
  url: string,
  options: IClientOptions & Readonly<{ onClient?: (client: MqttClient) => void }> = {},
): Promise<Listener> => {
  const { onClient, ...settings } = options
  const client = mqtt.connect(url, {
    reconnectPeriod: 0,
    connectTimeout: DEADLINE_MS,
    resubscribe: false,
    ...settings,
  })
  const heard: Heard[] = []
  const waiting = new Set<() => void>()
  client.on('message', (topic, payload, packet) => {
    const properties = (packet.properties ?? {}) as Record<string, unknown>
    const { retain, dup, qos } = packet
    heard.push({ topic, text: payload.toString(), retain, dup, qos, properties })
    for (const look of waiting) look()
  })
  onClient?.(client)
  const connack = await new Promise<{ sessionPresent: boolean }>((resolve, reject) => {
    client.once('connect', resolve).once('error', reject)
    client.once('close', () => reject(new Error('closed before it was let in')))
  })
  client.on('error', () => {})
  return {
    client,
    heard,
    isSessionPresent: () => connack.sessionPresent,
    until: (holds) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`not heard in time; heard ${String(heard.length)}`))
        }, DEADLINE_MS)
        const look = () => {
          if (!holds(heard)) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    close: () => client.endAsync(true),
  }
}
