// One connection, which can only go to the addresses that were checked for it.
import { isIPv6, type LookupFunction, type Socket } from 'node:net'
import { buildConnector, Client } from 'undici'
import { plainAddress } from './addresses.ts'

export type ConnectionOptions = Readonly<{
  origin: string
  addresses: readonly string[] // one spelling each
  deadlineMs: number
  ca: readonly string[] | undefined // certificates to trust instead of the usual ones
  keepsAlive: boolean // for another call
}>

/** How its newest connection came about. `connectedAt` undefined: it does not stand yet. */
type Times = {
  connectedAt: number | undefined
  connectMs: number | undefined
  tlsMs: number | undefined
}
export type Connection = Readonly<{ client: Client; times: Times }>

const MAX_HEADER_BYTES = 16_384
const KEPT_IDLE_MS = 2_000

/** Thrown when a connection stands that should not. */
export class WrongAddressError extends Error {}

export const openConnection = (given: ConnectionOptions): Connection => {
  const { addresses, keepsAlive } = given
  const times: Times = { connectedAt: undefined, connectMs: undefined, tlsMs: undefined }
  const connect = connectorTo(given)
  const client = new Client(given.origin, {
    pipelining: keepsAlive ? 1 : 0, // 0 says `connection: close`
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 0, // the deadline of the call is over all of it
    bodyTimeout: 0,
    keepAliveTimeout: KEPT_IDLE_MS,
    keepAliveMaxTimeout: KEPT_IDLE_MS,
    connect: (options, callback) => {
      const startedAt = performance.now()
      times.connectMs = undefined
      // Typed as giving nothing, it gives the socket, which says when the connection stands and its keys do not yet.
      const opening = connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null)
        // The lookup is not asked about literals, which were checked when the URL was read: this sees both.
        if (!addresses.includes(plainAddress(socket.remoteAddress ?? '') ?? '')) {
          socket.destroy()
          const wrong = new WrongAddressError('connected to an address that was not checked')
          return callback(wrong, null)
        }
        const now = performance.now()
        const connectMs = (times.connectMs ??= now - startedAt)
        if (options.protocol === 'https:') times.tlsMs = now - startedAt - connectMs
        times.connectedAt = now
        callback(null, socket)
      }) as unknown as Socket
      opening.once('connect', () => {
        times.connectMs = performance.now() - startedAt
      })
    },
  })
  return { client, times }
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
