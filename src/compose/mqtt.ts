// Where MQTT listens, and the broker of somebody else that events are published to. A port that was
// asked for must be had; the usual one is left to who has it already, and the start says so.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { BadSetting, codeOf } from '../config/bad-setting.ts'
import type { Config } from '../config.ts'
import type { LogIdentity } from '../core/cursor.ts'
import type { Logger } from '../core/logger.ts'
import type { MqttBroker } from '../core/mqtt-broker.ts'
import { SHARED_TENANT } from '../core/ids.ts'
import type { BridgeChoice } from '../transports/mqtt/bridge/options.ts'
import type { MqttTransport } from '../transports/mqtt/server.ts'

const USUAL_PORT = 1883
const USUAL_TLS_PORT = 8883

/** Answers where it is, in a word for people: an address, or why there is none. */
export const listenMqtt = async (
  { host, mqttPort, mqttTls }: Config,
  mqtt: Pick<MqttTransport, 'listen'>,
  logger: Logger,
): Promise<string> => {
  if (mqttPort === 'off') return 'off'
  const usual = mqttTls === undefined ? USUAL_PORT : USUAL_TLS_PORT
  const wanted = mqttPort === 'default' ? usual : mqttPort
  const tls = mqttTls === undefined ? {} : { tls: await readTls(mqttTls) }
  try {
    const port = await mqtt.listen({ host, port: wanted, ...tls })
    const scheme = mqttTls === undefined ? 'mqtt' : 'mqtts'
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${String(port)}`
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    const problem = isTaken
      ? `port ${String(wanted)} at ${host} is in use by another program`
      : `port ${String(wanted)} at ${host} cannot be listened at`
    const advice = 'set MQTT_PORT to another port, to 0 for any free one, or to off'
    if (!isTaken || mqttPort !== 'default') throw new BadSetting(`${problem}: ${advice}`, cause)
    logger.warn({ port: wanted }, `MQTT is off: ${problem}; ${advice}`)
    return `off: ${problem}; ${advice}`
  }
}

const CLIENT_ID_DIGITS = 14 // with its prefix as long as every broker takes

/** Its client is made only where it is wanted. */
export const openMqttBroker = async (
  { mqttBridge }: Pick<Config, 'mqttBridge'>,
  { epoch, cursorKey }: LogIdentity,
): Promise<MqttBroker | undefined> => {
  if (mqttBridge === undefined) return undefined
  const { createMqttBroker } = await import('../adapters/mqtt/broker.ts')
  // The same in every process on this log, so that one of them at a time is connected.
  const name = createHash('sha256')
    .update(`mqtt-bridge ${String(epoch)}`)
    .update(cursorKey)
  const clientId = `pawtrail-${name.digest('hex').slice(0, CLIENT_ID_DIGITS)}`
  return createMqttBroker({ url: mqttBridge.url, clientId })
}

export const bridgeChoiceOf = ({ mqttBridge }: Pick<Config, 'mqttBridge'>): BridgeChoice =>
  mqttBridge ?? { tenants: [SHARED_TENANT], visibility: 'public', prefix: '' }

const readTls = async ({ certFile, keyFile }: NonNullable<Config['mqttTls']>) => {
  const cert = await readPem(certFile, 'MQTT_TLS_CERT', (cert) => createSecureContext({ cert }))
  const key = await readPem(keyFile, 'MQTT_TLS_KEY', (key) => createSecureContext({ key }))
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw new BadSetting('MQTT_TLS_KEY is not the private key of MQTT_TLS_CERT', cause)
  }
  return { cert, key }
}

const readPem = async (
  file: string,
  name: string,
  use: (pem: Buffer) => unknown,
): Promise<Buffer> => {
  const pem = await readFile(file).catch((cause: unknown) => {
    throw new BadSetting(`${name}: ${file} cannot be read (${codeOf(cause)})`, cause)
  })
  try {
    use(pem)
  } catch (cause) {
    const what = name === 'MQTT_TLS_CERT' ? 'a certificate' : 'a private key without a passphrase'
    throw new BadSetting(`${name}: ${file} is not ${what} in PEM`, cause)
  }
  return pem
}
