// An agent for one call, whose connection can only go to the addresses that were checked for it. It is thrown away
// after the call: a kept connection would be one that two tenants share, and was checked in an earlier call.
import { isIPv6, type LookupFunction } from 'node:net'
import { Agent, buildConnector } from 'undici'
import { plainAddress } from './addresses.ts'

export type ConnectionOptions = Readonly<{
  addresses: readonly string[] // one spelling each
  deadlineMs: number
  ca: readonly string[] | undefined // certificates to trust instead of the usual ones
}>

const MAX_HEADER_BYTES = 16_384

/** Thrown when a connection stands that should not. */
export class WrongAddressError extends Error {}

export const createAgent = ({ addresses, deadlineMs, ca }: ConnectionOptions): Agent => {
  const connect = buildConnector({
    lookup: pinnedLookup(addresses),
    rejectUnauthorized: true, // said here, so that no variable of the environment unsays it
    timeout: deadlineMs,
    allowH2: false,
    maxCachedSessions: 0,
    ...(ca === undefined ? {} : { ca: [...ca] }),
  })
  return new Agent({
    connections: 1,
    pipelining: 0, // says `connection: close`
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: deadlineMs,
    bodyTimeout: deadlineMs,
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error !== null) return callback(error, null)
        // The lookup is not asked about literals, which were checked when the URL was read: this sees both.
        if (addresses.includes(plainAddress(socket.remoteAddress ?? '') ?? '')) {
          return callback(null, socket)
        }
        socket.destroy()
        callback(new WrongAddressError('connected to an address that was not checked'), null)
      })
    },
  })
}

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
