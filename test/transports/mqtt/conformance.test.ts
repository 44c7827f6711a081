// The common suite of transports over both versions of MQTT and over WebSocket, with a client that we did not write.
import t from 'tap'
import { transportContract } from '../../contracts/transport/contract.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { connect } from './driver.ts'
import { mqttHarness } from './harness.ts'
import { overWebSocket } from './over-websocket.ts'

const HEARTBEAT_MS = 50 // so that checkpoints come soon
const WAYS = [
  { title: 'MQTT 3.1.1', protocolVersion: 4, isWebSocket: false },
  { title: 'MQTT 5', protocolVersion: 5, isWebSocket: false },
  { title: 'MQTT 5 over WebSocket', protocolVersion: 5, isWebSocket: true },
] as const

t.setTimeout(180_000)

for (const { title, protocolVersion, isWebSocket } of WAYS) {
  t.test(title, (t) =>
    transportContract(t, {
      features: { countsDeliveries: true, earlierLog: 'refused', endsWithUser: true },
      make: async (t) => {
        const clock = fixedClock()
        const rig = await mqttHarness(t, { clock, settings: { heartbeatMs: HEARTBEAT_MS } })
        const { store, cursors, principals, mqtt } = rig
        for (const [token, principal] of principalsAt(clock())) principals.set(token, principal)
        const url = isWebSocket ? (await overWebSocket(t, mqtt)).wsUrl : rig.url
        return {
          ...{ store, cursors, principals, now: clock },
          pass: clock.advance,
          connect: (wanted) => connect({ url, protocolVersion, ...wanted }),
        }
      },
    }),
  )
}
