// The port for calls to addresses that somebody gave us: webhooks and callbacks. Whoever may name an address could name
// one inside our own network, and so every call goes through this guard.

/** Why an address is refused. For our logs: who named it is told no more than that it was refused. */
export type OutboundRefusal =
  | 'malformed' // no plain absolute URL, or one that two readers read differently
  | 'scheme'
  | 'credentials'
  | 'port'
  | 'name' // of this machine, of the network around it, or of nothing public
  | 'address' // a literal, or one of those the name stands for, is not public
  | 'unresolved'

export type OutboundVerdict =
  Readonly<{ kind: 'allowed' }> | Readonly<{ kind: 'refused'; reason: OutboundRefusal }>

export type OutboundPost = Readonly<{
  url: string
  headers: Readonly<Record<string, string>> // ours, never the receiver's choice
  body: string // sent as UTF-8, byte for byte
  deadlineMs: number // over all of it: name, connection, answer
  maxAnswerBytes: number
  signal?: AbortSignal
}>

/** How long each part took, in milliseconds; without what did not happen, or was there already. */
export type OutboundTimes = Readonly<{
  dnsMs?: number // to ask for the name's addresses
  connectMs?: number
  tlsMs?: number // to agree on keys after that
  firstByteMs?: number // from the beginning until the head of the answer was there
  totalMs: number
}>

export type OutboundOutcome =
  /** `body` is what came of the answer up to the limit and the deadline; `isWhole` when that is all of it. */
  | Readonly<{
      kind: 'answered'
      status: number
      headers: Readonly<Record<string, string>> // names in lower case
      body: string
      isWhole: boolean
    }>
  /** Nothing was sent. It may pass another day: the name may stand for another address then. */
  | Readonly<{ kind: 'refused'; reason: Exclude<OutboundRefusal, 'unresolved'> }>
  /** No status came back; the receiver may have got the request all the same, unless it is `unresolved`. */
  | Readonly<{ kind: 'failed'; reason: OutboundFailure }>

export type OutboundFailure =
  | 'unresolved'
  | 'unreachable'
  | 'tls' // the certificate is not valid for the name, or there is none
  | 'deadline'
  | 'stopped' // by the signal
  | 'broken' // the connection ended early, or what came was no HTTP

export type TimedOutcome = Readonly<{ outcome: OutboundOutcome; times: OutboundTimes }>

/** One address that is called many times for one purpose of one tenant. */
export type OutboundLine = Readonly<{
  /** As that of the port. A kept connection that has ended meanwhile is made anew, once. */
  post(request: Omit<OutboundPost, 'url' | 'signal'>): Promise<TimedOutcome>
  /** Calls under way are stopped. */
  close(): Promise<void>
}>

export type LineOptions = Readonly<{ url: string; connections: number; signal?: AbortSignal }>

/**
 * Guaranteed: a connection goes to an address that was checked for it, whatever the name stands for a moment later.
 * Certificates are verified. Redirects are not followed, proxies of the environment not used. Connections are not
 * shared between calls, but for those of one line, whose name is asked for and checked again twice a minute. A call
 * ends at its deadline, and takes no more of the answer than it may.
 *
 * Not guaranteed: that what passed `check` passes `post`; that a public address is not a way back into our network.
 */
export interface Outbound {
  /** Whether a call would be made now. Throws a fault `overloaded` when too many ask at once. */
  check(url: string): Promise<OutboundVerdict>
  /** One try. Never throws because of the receiver. */
  post(request: OutboundPost): Promise<OutboundOutcome>
}

export interface OutboundLines {
  /** Connections that are kept between calls, so many at most. Costs nothing until it is used. */
  open(line: LineOptions): OutboundLine
}
