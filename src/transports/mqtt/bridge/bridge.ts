// Publishes the log to a broker of somebody else: a consumer with a checkpoint and a lease of its own, so that one
// process at a time does it. Whatever goes wrong ends the present tenure; it goes on from the checkpoint.
import { Fault } from '../../../core/fault.ts'
import { pause } from '../../feed/pause.ts'
import { BRIDGE_TIMING, type BridgeChoice, type BridgeOptions } from './options.ts'
import { holdTenure, type TenureOptions } from './tenure.ts'

export type Bridge = Readonly<{
  /** Waits for the answers to what was sent, remembers how far it came, gives the lease back. */
  stop: () => Promise<void>
}>

export const startBridge = (options: BridgeOptions): Bridge => {
  const stopping = new AbortController()
  const timing = { ...BRIDGE_TIMING, ...options.timing }
  const ended = run({ ...options, timing }, stopping.signal)
  return {
    stop: () => {
      stopping.abort()
      return ended
    },
  }
}

/** Another broker, other tenants or another class begin with the first event: what is retained there must be whole. */
export const bridgeSubscription = (broker: string, choice: BridgeChoice): string => {
  const tenants = choice.tenants === 'all' ? 'all' : [...choice.tenants].sort().join(',')
  return `mqtt-bridge ${broker}/${choice.prefix} ${choice.visibility} ${tenants}`
}

const run = async (
  options: Omit<TenureOptions, 'onProgress'>,
  signal: AbortSignal,
): Promise<void> => {
  const { broker, checkpoints, owner, timing, logger, metrics } = options
  const { leaseMs, standbyPollMs, firstRetryMs, longestRetryMs } = timing
  const subscription = bridgeSubscription(broker.name, options.choice)
  let retryMs = firstRetryMs
  const onProgress = (): void => void (retryMs = firstRetryMs)
  while (!signal.aborted) {
    try {
      const lease = await checkpoints.acquire({ subscription, owner, leaseMs })
      if (lease === undefined) await pause(standbyPollMs, signal)
      else await holdTenure({ ...options, onProgress }, lease, signal)
    } catch (error) {
      if (signal.aborted) return
      const reason = error instanceof Error ? error.message : String(error)
      const fields = { broker: broker.name, retryMs, reason }
      if (error instanceof Fault && error.code === 'fenced') {
        logger.info(fields, 'another process publishes to the MQTT broker')
      } else logger.warn(fields, 'the MQTT bridge stopped and will go on from its checkpoint')
      await pause(retryMs, signal)
      retryMs = Math.min(longestRetryMs, retryMs * 2)
    } finally {
      metrics.gauge('pawtrail_mqtt_bridge_connected', 0)
    }
  }
}
