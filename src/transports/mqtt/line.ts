// The line of one connection: what is written on it, whether it takes more, and how it is hung up.
import type { Client } from './client.ts'
import { encodePacket, type Packet } from './packets.ts'

export const isWritable = ({ stream }: Client): boolean =>
  !stream.writableNeedDrain && !stream.destroyed && stream.writable

export const send = ({ stream, version }: Client, packet: Packet): void => {
  if (stream.writable) stream.write(encodePacket(packet, version))
}

/** Resolves when the client takes bytes, or is gone. */
export const drained = ({ stream }: Client): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.once('drain', done).once('close', done)
  })

/** Says why to whoever was let in and can be told, and hangs up; of a client that does not read, soon. */
export const end = (client: Client, reasonCode?: number): void => {
  if (client.isEnding) return
  client.isEnding = true
  const { stream, house } = client
  if (client.isIn && client.version === 5 && reasonCode !== undefined) {
    send(client, { cmd: 'disconnect', reasonCode })
  }
  stream.end()
  const cut = setTimeout(() => stream.destroy(), house.limits.closeGraceMs)
  cut.unref()
  stream.once('close', () => clearTimeout(cut))
}
