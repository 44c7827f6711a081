// What follows the log for as long as the process runs, beside the feed.
import type { Application } from '../application.ts'
import { decodeEvent } from '../events/codec.ts'
import { createPolicies } from '../policies/registry.ts'
import { type PolicyRunner, startPolicy } from '../policies/runner.ts'
import { projections } from '../projections/registry.ts'
import type { Progress } from '../projections/runner/progress.ts'
import { type Runner, startRunner } from '../projections/runner/runner.ts'
import { DEFAULT_SCHEMA_BASE } from '../transports/feed/feed.ts'
import type { EventCatalogue } from '../transports/feed/types.ts'
import { type Bridge, startBridge } from '../transports/mqtt/bridge/bridge.ts'
import type { Ports, Settings } from './ports.ts'

type Consuming = Readonly<{
  ports: Ports
  settings: Settings
  application: Application
  progress: Progress
  catalogue: EventCatalogue
}>

/** Projections, policies and the bridge, which are stopped first: they ask the read models. */
export const createConsumers = (consuming: Consuming) => {
  const { ports, settings, application, progress, catalogue } = consuming
  const owner = ports.ids()
  let runners: readonly Runner[] = []
  let policies: readonly PolicyRunner[] = []
  let bridge: Bridge | undefined
  return {
    start: (): void => {
      const reading = { ...ports, decode: decodeEvent, onMove: progress.advance, owner }
      runners = projections.map((projection) => {
        const database = ports.projectionDatabase(projection)
        return startRunner({ ...reading, database, projection })
      })
      policies = createPolicies({ delayMs: settings.reservationTimeoutMs }).map((policy) =>
        startPolicy({ ...ports, policy, application, owner }),
      )
      if (ports.mqttBroker === undefined) return
      const bridged = { application, owner, broker: ports.mqttBroker, choice: settings.mqttBridge }
      const made = { catalogue, schemaBase: DEFAULT_SCHEMA_BASE }
      bridge = startBridge({ ...ports, ...bridged, ...made })
    },
    stop: async (): Promise<void> => {
      await Promise.all([bridge?.stop(), ...policies.map((policy) => policy.stop())])
      await Promise.all(runners.map((runner) => runner.stop()))
    },
  }
}
