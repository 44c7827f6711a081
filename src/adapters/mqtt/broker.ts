// A broker of somebody else behind the port, by mqtt.js. Each connection is a client of its own that never reconnects
// and keeps nothing: what was not answered is sent anew by whoever knows the order.
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt'
import type {
  BrokerConnection,
  BrokerMessage,
  BrokerOutcome,
  MqttBroker,
} from '../../core/mqtt-broker.ts'
import { packetBytes } from './packet-bytes.ts'

export type MqttBrokerLimits = Readonly<{
  connectTimeoutMs: number
  answerTimeoutMs: number // to a message; a broker that says nothing for so long is lost
  keepAliveSeconds: number
  inFlight: number
  closeTimeoutMs: number // to say goodbye
}>

export type MqttBrokerOptions = Readonly<{
  url: string // `mqtt://` or `mqtts://`; may hold a user and a password
  /** The same for all processes of an installation, and for no other: a broker has one client of a name. */
  clientId: string
  settings?: Partial<MqttBrokerLimits>
}>

const LIMITS: MqttBrokerLimits = {
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 30_000,
  keepAliveSeconds: 30,
  inFlight: 32,
  closeTimeoutMs: 1_000,
}

type Version = 4 | 5
type Opening = Readonly<{ limits: MqttBrokerLimits; version: Version; signal: AbortSignal }>

/** The end of a connection, which everything that waits for the broker waits for, too. */
type Loss = Readonly<{ promise: Promise<never>; lose: (cause: Error) => void }>

const HUNG_UP = 'the broker closed the connection'
const VERSION_CODES = [0x01, 0x84] // as 3.1.1 and 5 number an unacceptable version

export const createMqttBroker = (options: MqttBrokerOptions): MqttBroker => {
  const limits = { ...LIMITS, ...options.settings }
  const { protocol, host } = new URL(options.url)
  return {
    name: `${protocol}//${host}`,
    connect: (signal) =>
      open(options, { limits, version: 5, signal }).catch((cause: unknown) => {
        if (signal.aborted || !isAboutVersion(cause)) throw cause
        return open(options, { limits, version: 4, signal })
      }),
  }
}

const open = async (
  options: MqttBrokerOptions,
  { limits, version, signal }: Opening,
): Promise<BrokerConnection> => {
  // Loaded only where a broker is wanted: an installation without one neither waits nor pays for it.
  const { default: mqtt } = await import('mqtt')
  const client = mqtt.connect(clientOptions(options, limits, version))
  const loss = lossOf(client)
  const late = setTimeout(
    () => loss.lose(new Error('the broker did not answer')),
    limits.connectTimeoutMs,
  )
  const onAbort = (): void => loss.lose(new Error('stopped'))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const { properties = {} } = await Promise.race([connackOf(client), loss.promise])
    if (properties.retainAvailable === false) throw new Error('the broker retains no messages')
    if (properties.maximumQoS === 0) throw new Error('the broker takes no messages at QoS 1')
    const maxBytes = properties.maximumPacketSize ?? Infinity
    return {
      inFlight: Math.min(limits.inFlight, properties.receiveMaximum ?? Infinity),
      publish: async (message) =>
        packetBytes(message) > maxBytes
          ? 'too_large'
          : publish(message, { client, version, loss, timeoutMs: limits.answerTimeoutMs }),
      close: () => close(client, limits.closeTimeoutMs),
    }
  } catch (cause) {
    client.end(true)
    throw cause
  } finally {
    clearTimeout(late)
    signal.removeEventListener('abort', onAbort)
  }
}

const clientOptions = (
  { url, clientId }: MqttBrokerOptions,
  { keepAliveSeconds }: MqttBrokerLimits,
  protocolVersion: Version,
): IClientOptions => {
  const { protocol, hostname, port, username, password } = new URL(url)
  return {
    ...{ protocolVersion, clientId, clean: true, reconnectPeriod: 0 },
    protocol: protocol === 'mqtts:' ? 'mqtts' : 'mqtt',
    host: hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    keepalive: keepAliveSeconds,
  }
}

const connackOf = (client: MqttClient): Promise<IConnackPacket> =>
  new Promise((resolve) => client.once('connect', resolve))

const lossOf = (client: MqttClient): Loss => {
  let lose: Loss['lose'] = () => {}
  const promise = new Promise<never>((_resolve, reject) => {
    lose = (cause) => {
      reject(cause)
      client.end(true)
    }
  })
  promise.catch(() => {}) // nobody may be waiting for it
  client.on('error', lose)
  client.once('close', () => lose(new Error(HUNG_UP)))
  return { promise, lose }
}

type Publishing = Readonly<{ client: MqttClient; version: Version; loss: Loss; timeoutMs: number }>

const publish = async (
  { topic, payload, retain, contentType, userProperties }: BrokerMessage,
  { client, version, loss, timeoutMs }: Publishing,
): Promise<BrokerOutcome> => {
  const properties =
    version === 4
      ? {}
      : { properties: { payloadFormatIndicator: true, contentType, userProperties } }
  const late = setTimeout(() => loss.lose(new Error('the broker does not answer')), timeoutMs)
  const answered = new Promise<BrokerOutcome>((resolve) => {
    client.publish(topic, payload, { qos: 1, retain, ...properties }, (refusal) => {
      if (refusal) loss.lose(new Error(`the broker refused ${topic}: ${refusal.message}`))
      else resolve('taken')
    })
  })
  try {
    return await Promise.race([answered, loss.promise])
  } finally {
    clearTimeout(late)
  }
}

/** It waits for answers that may never come: not for long. */
const close = (client: MqttClient, timeoutMs: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => client.end(true, done), timeoutMs)
    client.end(false, done)
  })

/** A broker of 3.1.1 alone says so, or hangs up. */
const isAboutVersion = (cause: unknown): boolean =>
  cause instanceof Error &&
  (cause.message === HUNG_UP ||
    ('code' in cause && VERSION_CODES.some((code) => code === cause.code)))
