// The common suite of transports over the WebSocket.
import t from 'tap'
import { transportContract } from '../../contracts/transport/contract.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import { connect } from './client.ts'
import { socketHarness } from './harness.ts'

const HEARTBEAT_MS = 50 // so that checkpoints come soon

const MORE = { tellsBuffered: true, endsWithUser: true } as const

t.setTimeout(120_000)

t.test('the WebSocket', (t) =>
  transportContract(t, {
    features: { countsDeliveries: true, earlierLog: 'goes-on-from-now', ...MORE },
    make: async (t) => {
      const rig = await socketHarness(t, { settings: { heartbeatMs: HEARTBEAT_MS } })
      const { store, cursors, principals, clock, port, sockets } = rig
      for (const [token, principal] of principalsAt(clock())) principals.set(token, principal)
      const url = `http://127.0.0.1:${String(port)}`
      return {
        ...{ store, cursors, principals, now: clock },
        pass: clock.advance,
        buffered: () => [...sockets].map((socket) => socket.writableLength),
        connect: (wanted) => connect({ url, ...wanted }),
      }
    },
  }),
)
