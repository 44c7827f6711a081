// What the client takes and gives. It needs nothing of the platform but a WebSocket and timers.

/** CloudEvents 1.0, with extensions. `id` is the key to know a repeated one by. */
export type CloudEvent<Data = Readonly<Record<string, unknown>>> = Readonly<{
  specversion: '1.0'
  id: string
  source: string
  type: string
  subject: string
  time: string
  dataschema: string
  sequence: string // place in the log, zero-padded: sorts as text
  cursor: string // to go on after this event, on any transport
  data: Data
}> &
  Readonly<Record<string, unknown>>

export type Filter = Readonly<{
  types?: readonly string[] // `pet.adopted`, `pet.*`
  subjects?: readonly string[] // `pets/<id>`, `pets/*`
  shelters?: readonly string[]
  species?: readonly string[]
}>

/** Everything that matches, up to the cursor, was handled: keep it to go on from here another day. */
export type Checkpoint = Readonly<{ cursor: string; delivered: number }>

/** RFC 9457. */
export type Problem = Readonly<{ type: string; title: string; status: number; detail: string }>

export type SubscribeOptions = Readonly<{
  filter?: Filter
  after?: string // a cursor, `now` (the default) or `earliest`
  /** `latest`: of what was missed while behind, only the newest event of each subject. */
  mode?: 'all' | 'latest'
  window?: number // events on their way or waiting at most; 256 unless told otherwise
  /** The log was restored since the cursor was given: fetch what you show anew. */
  onGap?: (gap: Readonly<{ reason: string; earliest: string; snapshot: string }>) => void
}>

export type EventSubscription = AsyncIterable<CloudEvent> &
  Readonly<{
    checkpoint: () => Checkpoint | undefined
    /** Settles when it is over; rejects when that was not asked for. */
    done: Promise<void>
    close: () => void
  }>

export type ClientState = 'connecting' | 'open' | 'waiting' | 'closed'

export type ClientOptions = Readonly<{
  url: string // wss://host/v1/events/ws
  /** Asked at every connection, and when the token is about to expire. Nobody: public events. */
  getToken?: () => string | undefined | Promise<string | undefined>
  tenant?: string
  WebSocket?: WebSocketConstructor // where there is no global one
  onState?: (state: ClientState) => void
  /** What went wrong and was dealt with: a refused refresh, a lost event that is fetched again. */
  onError?: (error: Error) => void
  minRetryMs?: number
  maxRetryMs?: number
}>

export type EventClient = Readonly<{
  subscribe: (
    options?: SubscribeOptions,
    handler?: (event: CloudEvent) => void | Promise<void>,
  ) => EventSubscription
  close: () => void
}>

export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/** As browsers, Node from 22 on and the package `ws` have it. */
export type WebSocketLike = {
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send: (text: string) => void
  close: () => void
}
