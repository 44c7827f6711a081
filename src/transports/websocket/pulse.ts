// Whether anybody is there still.
import type { WebSocket } from 'ws'
import type { WebSocketLimits } from './settings.ts'

/** Pings; who leaves too many in a row without a sign of life is cut off. */
export const createPulse = (ws: WebSocket, bounds: WebSocketLimits) => {
  let sinceMs = 0
  let missed = 0
  return {
    felt: (): void => {
      missed = 0
    },
    sweep: (): void => {
      sinceMs += bounds.sweepMs
      if (sinceMs < bounds.pingMs) return
      sinceMs = 0
      if (missed >= bounds.missedPings) return ws.terminate()
      missed += 1
      ws.ping()
    },
  }
}
