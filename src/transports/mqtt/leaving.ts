// What outlives a connection: its session is stored when it has moved, and once more when the client has
// left, before whoever takes it over has it.
import { type Client, keyOf } from './client.ts'
import { end } from './line.ts'
import { REASON } from './packets.ts'
import { closeSession, storedSession } from './session.ts'
import { encodeSession } from './stored-session.ts'

/** Stores the session if it has moved, or has given no sign of life for long. */
export const save = async (client: Client, isLeaving = false): Promise<void> => {
  const { kept, house } = client
  const { clock, limits, sessions } = house
  if (kept === undefined || kept.keepMs === 0 || (client.isLeaving && !isLeaving)) return
  const stored = encodeSession(storedSession(client))
  const text = JSON.stringify(stored)
  const isDue = clock() - kept.savedAtMs >= limits.touchIntervalMs
  if (!isLeaving && !isDue && text === kept.savedText) return
  const keepMs = isLeaving ? kept.keepMs : Math.max(kept.keepMs, limits.connectedGraceMs)
  const saved = await sessions.save(keyOf(client), { owner: kept.owner, state: stored, keepMs })
  kept.savedText = text
  kept.savedAtMs = clock()
  if (!saved) end(client, REASON.takenOver)
}

/** Once, when nothing more is heard from the client. */
export const leave = async (client: Client): Promise<void> => {
  const { house, kept } = client
  try {
    closeSession(client)
    if (kept?.keepMs === 0) await house.sessions.remove(keyOf(client), kept.owner)
    else await save(client, true)
  } catch (cause) {
    house.logger.warn({ cause }, 'an MQTT session could not be stored')
  } finally {
    end(client)
    settle(client)
    house.roster.leave(client)
    if (client.place !== undefined) house.feed.disconnect(client.place)
    house.clients.delete(client)
    client.hasLeft = true
    for (const tell of client.leaving ?? []) tell()
  }
}

/** It is in, or has gone: it is counted as pending no more. */
export const settle = (client: Client): void => {
  if (client.isPending) client.house.pending.add(client.address, -1)
  client.isPending = false
}

/** Resolves when it is over and its session is stored. */
export const whenLeft = (client: Client): Promise<void> =>
  client.hasLeft
    ? Promise.resolve()
    : new Promise((resolve) => (client.leaving = [...(client.leaving ?? []), resolve]))
