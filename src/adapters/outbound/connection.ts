// One connection, which can only go to the addresses that were checked for it, and carries one request at a time.
import { isIPv6, type LookupFunction, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { plainAddress } from './addresses.ts'
import { type Answer, endAnswer, hasEnded, takeChunk } from './answer.ts'

export type ConnectionOptions = Readonly<{
  origin: string
  addresses: readonly string[] // one spelling each
  deadlineMs: number
  ca: readonly string[] | undefined // certificates to trust instead of the usual ones
}>

/** How it came about, in milliseconds; undefined: that has not happened. */
type Times = { connectMs: number | undefined; tlsMs: number | undefined }

/** `onEnd`: the answer has ended, or nothing more of it comes because of the error. Called once. */
export type Carried = {
  readonly answer: Answer
  readonly onEnd: (error: Error | undefined) => void
  headAt: number | undefined // when the head of the answer was there
}

export type Connection = Readonly<{
  times: Readonly<Times>
  /** Connects first, when that was not done yet. The text is sent as UTF-8. */
  carry(text: string, carried: Carried): void
  /** Stands, and all that was to be sent is sent. */
  isReady(): boolean
  /** Ends what it carries. */
  destroy(): void
}>

/** So long a connection is kept that nobody uses. */
export const KEPT_IDLE_MS = 2_000

/** Thrown when a connection stands that should not. */
export class WrongAddressError extends Error {}

export const openConnection = (given: ConnectionOptions): Connection => {
  const times: Times = { connectMs: undefined, tlsMs: undefined }
  let socket: Socket | undefined
  let isOpen = false
  let carried: Carried | undefined
  const end = (error: Error | undefined): void => {
    const ended = carried
    carried = undefined
    ended?.onEnd(error)
  }
  const close = (error: Error | undefined): void => {
    isOpen = false
    socket?.destroy()
    end(error)
  }
  const onData = (chunk: Buffer): void => {
    if (carried === undefined) return close(undefined) // nobody asked for it
    const { answer } = carried
    takeChunk(answer, chunk)
    if (answer.head !== undefined) carried.headAt ??= performance.now()
    if (hasEnded(answer)) end(undefined)
  }
  const onOpen = (opened: Socket, text: string): void => {
    isOpen = true
    opened
      .on('data', onData)
      .on('error', close)
      .on('end', () => {
        if (carried !== undefined) endAnswer(carried.answer, true)
        close(undefined)
      })
      .on('close', () => close(new Error('the connection was closed')))
    opened.write(text)
  }
  return {
    times,
    carry: (text, next) => {
      carried = next
      if (socket !== undefined) return void socket.write(text)
      socket = connect(given, times, (error, opened) => {
        if (carried === undefined) opened?.destroy()
        else if (opened === null) close(error)
        else onOpen(opened, text)
      })
    },
    isReady: () => isOpen && socket?.writableLength === 0,
    destroy: () => close(new Error('the connection was destroyed')),
  }
}

type OnConnected = (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void

const connect = (given: ConnectionOptions, times: Times, onConnected: OnConnected): Socket => {
  const { hostname, host, protocol, port } = new URL(given.origin)
  const startedAt = performance.now()
  const target = { hostname: hostname.replace(/^\[(.*)\]$/, '$1'), host, protocol, port }
  // Typed as giving nothing, it gives the socket, which says when the connection stands and its keys do not yet.
  const opening = connectorTo(given)(target, (...[error, socket]) => {
    if (error !== null) return onConnected(error, null)
    // The lookup is not asked about literals, which were checked when the URL was read: this sees both.
    if (!given.addresses.includes(plainAddress(socket.remoteAddress ?? '') ?? '')) {
      socket.destroy()
      return onConnected(
        new WrongAddressError('connected to an address that was not checked'),
        null,
      )
    }
    const connectMs = (times.connectMs ??= performance.now() - startedAt)
    if (protocol === 'https:') times.tlsMs = performance.now() - startedAt - connectMs
    onConnected(null, socket)
  }) as unknown as Socket
  opening.once('connect', () => {
    times.connectMs = performance.now() - startedAt
  })
  return opening
}

const connectorTo = ({ addresses, deadlineMs, ca }: ConnectionOptions) =>
  buildConnector({
    lookup: pinnedLookup(addresses),
    rejectUnauthorized: true, // said here, so that no variable of the environment unsays it
    timeout: deadlineMs,
    allowH2: false,
    maxCachedSessions: 0,
    ...(ca === undefined ? {} : { ca: [...ca] }),
  })

/** Whatever is asked for, the answer is what was checked. */
const pinnedLookup = (addresses: readonly string[]): LookupFunction => {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_name, options, callback) => {
    const [first] = all
    if (first === undefined) return callback(new Error('no address was checked'), '')
    if (options.all === true) return callback(null, all)
    callback(null, first.address, first.family)
  }
}
