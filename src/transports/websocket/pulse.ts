// Whether anybody is there still.
import type { Client } from './client.ts'

/** A sign of life. */
export const felt = (client: Client): void => {
  client.missedPings = 0
}

/** Pings; who leaves too many in a row without a sign of life is cut off. */
export const ping = (client: Client): void => {
  const { ws, house } = client
  const { sweepMs, pingMs, missedPings } = house.common.bounds
  client.sincePingMs += sweepMs
  if (client.sincePingMs < pingMs) return
  client.sincePingMs = 0
  if (client.missedPings >= missedPings) return ws.terminate()
  client.missedPings += 1
  ws.ping()
}
