// What is said on the line of one connection, and how it is hung up.
import type { Client } from './client.ts'
import { encodePacket, type Packet } from './packets.ts'

export const send = (client: Client, packet: Packet): void => {
  const { wire, version } = client
  if (wire.isOpen(client)) wire.write(client, encodePacket(packet, version))
}

/** Resolves when the client takes bytes, or is gone. One packet at a time waits for it. */
export const drained = (client: Client): Promise<void> =>
  new Promise((resolve) => {
    client.onRoom = resolve
  })

/** Says why to whoever was let in and can be told, and hangs up; of a client that does not read, soon. */
export const end = (client: Client, reasonCode?: number): void => {
  if (client.isEnding) return
  client.isEnding = true
  if (client.isIn && client.version === 5 && reasonCode !== undefined) {
    send(client, { cmd: 'disconnect', reasonCode })
  }
  client.wire.close(client, reasonCode)
  setTimeout(cut, client.house.limits.closeGraceMs, client).unref()
}

const cut = (client: Client): void => client.wire.cut(client)
