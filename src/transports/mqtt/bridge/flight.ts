// Messages on their way to the broker: in order, so many at a time, each until it is answered.
import type { Logger } from '../../../core/logger.ts'
import type { Metrics } from '../../../core/metrics.ts'
import type { BrokerConnection } from '../../../core/mqtt-broker.ts'
import { pause } from '../../feed/pause.ts'
import type { Message } from '../messages.ts'
import type { BridgeChoice } from './options.ts'

export type Flight = Readonly<{
  /** Waits for room. Throws what became of an earlier one that was not taken. */
  send: (message: Message) => Promise<void>
  /** All were answered. */
  landed: () => Promise<void>
}>

export type FlightOptions = Readonly<{
  connection: BrokerConnection
  choice: BridgeChoice
  logger: Logger
  metrics: Metrics
  signal: AbortSignal
}>

const STOP_WAIT_MS = 2_000 // for answers, once asked to stop

export const createFlight = (options: FlightOptions): Flight => {
  const { connection, choice, logger, metrics, signal } = options
  const underWay = new Set<Promise<void>>()
  const stopped = untilLate(signal)
  let failure: Readonly<{ cause: unknown }> | undefined

  const publish = async ({ topic, payload, isState, ...rest }: Message): Promise<void> => {
    const { contentType, userProperties } = rest
    const place = { topic: choice.prefix + topic, payload, retain: isState }
    const outcome = await connection.publish({ ...place, contentType, userProperties })
    metrics.count('pawtrail_mqtt_bridge_messages_total', 1, { outcome })
    if (outcome === 'taken') return
    const fields = { topic: place.topic, bytes: payload.length }
    logger.error(fields, 'the MQTT broker takes no message of this size: it was left out')
  }

  const check = (): void => {
    if (failure !== undefined) throw failure.cause
  }

  return {
    async send(message) {
      while (underWay.size >= connection.inFlight) await Promise.race([...underWay, stopped])
      check()
      const sent = publish(message)
        .catch((cause: unknown) => void (failure ??= { cause }))
        .finally(() => underWay.delete(sent))
      underWay.add(sent)
    },
    async landed() {
      await Promise.race([Promise.all(underWay), stopped])
      check()
    },
  }
}

/** Rejects a while after the signal. */
const untilLate = (signal: AbortSignal): Promise<never> => {
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      void pause(STOP_WAIT_MS).then(() => reject(new Error('stopped before the broker answered')))
    })
  })
  late.catch(() => {})
  return late
}
