// Whether a client is there still, and may be. Its deadlines are looked at by `watch`, which the server
// calls for all connections, so that a connection has no timer of its own.
import { isOver } from './access.ts'
import type { Client } from './client.ts'
import { end } from './line.ts'
import { REASON } from './packets.ts'

/** A packet has come. The look that follows may follow at once, and counts a whole interval. */
export const felt = (client: Client): void => {
  client.silentMs = -client.house.limits.watchIntervalMs
}

/** Ends it after a deadline, at most one interval late. */
export const watch = (client: Client): void => {
  if (client.isEnding) return
  const { limits } = client.house
  client.silentMs += limits.watchIntervalMs
  if (!client.isIn) {
    if (client.silentMs >= limits.connectTimeoutMs) client.wire.cut(client)
    return
  }
  const isSilent = client.keepAliveMs > 0 && client.silentMs >= client.keepAliveMs
  if (isSilent) end(client, REASON.keepAliveTimeout)
  else if (isOver(client)) end(client, REASON.notAuthorized)
}
