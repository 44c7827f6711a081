// The common suite of transports over both versions of MQTT, with a client that we did not write.
import t from 'tap'
import { transportContract } from '../../contracts/transport/contract.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { connect } from './driver.ts'
import { mqttHarness } from './harness.ts'

const HEARTBEAT_MS = 50 // so that checkpoints come soon

t.setTimeout(180_000)

for (const protocolVersion of [4, 5] as const) {
  t.test(protocolVersion === 4 ? 'MQTT 3.1.1' : 'MQTT 5', (t) =>
    transportContract(t, {
      features: { countsDeliveries: true, earlierLog: 'refused', endsWithUser: true },
      make: async (t) => {
        const clock = fixedClock()
        const rig = await mqttHarness(t, { clock, settings: { heartbeatMs: HEARTBEAT_MS } })
        const { store, cursors, principals, url } = rig
        for (const [token, principal] of principalsAt(clock())) principals.set(token, principal)
        return {
          ...{ store, cursors, principals, now: clock },
          pass: clock.advance,
          connect: (wanted) => connect({ url, protocolVersion, ...wanted }),
        }
      },
    }),
  )
}
