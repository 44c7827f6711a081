// MQTT over TCP and TLS.
import type { Duplex } from 'node:stream'
import type { Client, Wire } from './client.ts'
import { hear, makeRoom, over } from './connection.ts'

/** What is told of a socket finds the record on it: the listeners are the same for all of them. */
type Told = Duplex & Readonly<{ client: Client }>

/** A socket has room until as much as its `highWaterMark` waits, and again when all of it has left. */
export const TCP: Wire = {
  listen(client) {
    const { socket } = client
    Object.assign(socket, { client })
    socket.on('data', onData).on('drain', onDrain).on('end', onOver).on('close', onOver)
    socket.on('error', onError)
  },
  isOpen: ({ socket }) => socket.writable,
  hasRoom: ({ socket }) => socket.writable && !socket.writableNeedDrain,
  write({ socket }, bytes) {
    if (socket.writable) socket.write(bytes)
  },
  pause: ({ socket }) => void socket.pause(),
  resume: ({ socket }) => void socket.resume(),
  close: ({ socket }) => void socket.end(),
  cut: ({ socket }) => void socket.destroy(),
}

type Writing = Duplex & { _writableState?: { highWaterMark?: number } }

/** A TLS socket has the default of its Node, whatever its server was told: 16 KiB, and from version 22 on 64 KiB. */
export const limitUnsent = ({ _writableState: state }: Writing, bytes: number): void => {
  if (state?.highWaterMark !== undefined) state.highWaterMark = bytes
}

function onData(this: Told, bytes: Buffer): void {
  hear(this.client, bytes)
}

function onDrain(this: Told): void {
  makeRoom(this.client)
}

function onOver(this: Told): void {
  over(this.client)
}

function onError(): void {
  // What an error leads to is told by the close.
}
