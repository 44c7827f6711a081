// Live events of Pawtrail over one WebSocket. It comes back by itself after drops, sleep, expired
// tokens and restarts of the server, from where it was: each event once, in order.
import { createFeed, type EventFeed } from './subscription.ts'
import type { ClientOptions, CloudEvent, EventClient, Problem, WebSocketLike } from './types.ts'

export type * from './types.ts'

const SUBPROTOCOL = 'pawtrail.events.v1'
const MIN_RETRY_MS = 500
const MAX_RETRY_MS = 30_000
const OPEN_TIMEOUT_MS = 10_000
const WATCHES_PER_HEARTBEAT = 4
const BAD_TOKEN = 4_500
const TOO_BIG = 1_009

type Message = Readonly<{
  op: string
  id: number
  ch: string
  e: CloudEvent
  cursor: string
  n: number
  hb: number
  from: string
  resumed: boolean
  reason: string
  earliest: string
  snapshot: string
  retryAfterMs?: number
  problem: Problem
}>

/** What the server said no with: `problem`, or the code that it closed with. */
export class EventsError extends Error {
  readonly code: number | undefined
  readonly problem: Problem | undefined

  constructor(message: string, more: Readonly<{ code?: number; problem?: Problem }> = {}) {
    super(message)
    this.name = 'EventsError'
    this.code = more.code
    this.problem = more.problem
  }
}

export const connectEvents = (options: ClientOptions): EventClient => {
  const feeds = new Map<number, EventFeed>()
  const channels = new Map<string, EventFeed>()
  const error = (cause: Error): void => options.onError?.(cause)
  let lastId = 0
  const link = createLink(options, {
    error,
    hear: (message) => hear(message),
    opened() {
      for (const feed of feeds.values()) feed.ask()
    },
    lost() {
      channels.clear()
      for (const feed of feeds.values()) feed.lost()
    },
    ended(reason) {
      for (const feed of [...feeds.values()]) feed.fail(reason)
    },
  })

  const refused = ({ id, problem, retryAfterMs = 1_000 }: Message): void => {
    const feed = feeds.get(id)
    const reason = new EventsError(problem.detail, { problem })
    if (feed === undefined) return error(reason)
    const isBusy = problem.status === 429 || problem.status === 503
    if (!isBusy) return feed.fail(reason)
    error(reason)
    feed.lost()
    setTimeout(() => link.isOpen() && feed.ask(), retryAfterMs)
  }

  const hear = (message: Message): void => {
    const feed = channels.get(message.ch) ?? feeds.get(message.id)
    switch (message.op) {
      case 'event':
        return feed?.event(message.e)
      case 'cp':
        if (feed?.checkpoint(message.cursor, message.n) !== false) return
        channels.delete(message.ch)
        rename(feed)
        return error(new EventsError('events were lost on the way: they are fetched again'))
      case 'subbed': {
        const opened = feeds.get(message.id)
        if (opened === undefined) return // closed in the meantime
        channels.set(message.ch, opened)
        return opened.opened(message)
      }
      case 'unsubbed':
        if (!feeds.has(message.id)) channels.delete(message.ch)
        return
      case 'gap':
        return feed?.gap(message)
      case 'revoked':
        channels.delete(message.ch)
        return feed?.fail(new EventsError('the right to these events was taken away'))
      case 'err':
        return refused(message)
    }
  }

  /** It has asked again under another id. */
  const rename = (feed: EventFeed): void => {
    for (const [id, each] of feeds) if (each === feed) feeds.delete(id)
    feeds.set(feed.id(), feed)
  }

  return {
    subscribe(wanted = {}, handler) {
      const feed = createFeed(wanted, {
        say: link.say,
        nextId: () => (lastId += 1),
        onClosed: (closed) => feeds.delete(closed.id()),
      })
      feeds.set(feed.id(), feed)
      if (link.isOpen()) feed.ask()
      if (handler !== undefined) void handAll(feed, handler).catch(feed.fail)
      return feed.subscription
    },
    close() {
      for (const feed of [...feeds.values()]) feed.subscription.close()
      link.close()
    },
  }
}

const handAll = async (
  feed: EventFeed,
  handler: (event: CloudEvent) => void | Promise<void>,
): Promise<void> => {
  for await (const event of feed.subscription) await handler(event)
}

type LinkEnd = Readonly<{
  hear: (message: Message) => void
  opened: () => void
  lost: () => void
  ended: (reason: EventsError) => void
  error: (cause: Error) => void
}>

/** The connection, made anew for as long as it is wanted. */
const createLink = (options: ClientOptions, end: LinkEnd) => {
  const { minRetryMs = MIN_RETRY_MS, maxRetryMs = MAX_RETRY_MS } = options
  let socket: WebSocketLike | undefined
  let isOpen = false
  let isClosed = false
  let failures = 0
  let badTokens = 0
  let floorMs = 0 // the server asked to wait for so long
  let heartbeatMs = OPEN_TIMEOUT_MS
  let heardMs = 0
  let retrying: ReturnType<typeof setTimeout> | undefined
  let watching: ReturnType<typeof setInterval> | undefined

  const say = (message: Readonly<Record<string, unknown>>): void => {
    if (isOpen) socket?.send(JSON.stringify(message))
  }

  const introduce = (token: string | undefined): void =>
    socket?.send(JSON.stringify({ op: 'auth', token, tenant: options.tenant }))

  const connect = async (): Promise<void> => {
    options.onState?.('connecting')
    try {
      const token = await options.getToken?.()
      if (isClosed) return
      const ws = new (options.WebSocket ?? globalSocket())(options.url, [SUBPROTOCOL])
      socket = ws
      heartbeatMs = OPEN_TIMEOUT_MS
      heardMs = Date.now()
      watch()
      ws.onopen = () => socket === ws && introduce(token)
      ws.onmessage = ({ data }: { data: unknown }) => socket === ws && hear(String(data))
      ws.onclose = ({ code }: { code: number }) => socket === ws && lost(code)
      ws.onerror = () => {} // its close follows
    } catch (cause) {
      end.error(cause as Error)
      lost(0)
    }
  }

  const hear = (text: string): void => {
    heardMs = Date.now()
    const message = JSON.parse(text) as Message
    switch (message.op) {
      case 'welcome':
        return welcomed(message)
      case 'expiring':
        return void refresh()
      case 'bye':
        floorMs = message.retryAfterMs ?? 0
        return
    }
    end.hear(message)
  }

  const welcomed = ({ hb }: Message): void => {
    heartbeatMs = hb
    watch()
    failures = badTokens = 0
    if (isOpen) return // a fresh token was taken
    isOpen = true
    options.onState?.('open')
    end.opened()
  }

  const refresh = async (): Promise<void> => {
    try {
      const token = await options.getToken?.()
      if (isOpen) introduce(token)
    } catch (cause) {
      end.error(cause as Error)
    }
  }

  /** After a sleep the silence is long at once: the connection is made anew without waiting. */
  const watch = (): void => {
    clearInterval(watching)
    watching = setInterval(() => {
      const silenceMs = Date.now() - heardMs
      if (silenceMs > heartbeatMs * 2) drop()
      else if (silenceMs > heartbeatMs) say({ op: 'ping' })
    }, heartbeatMs / WATCHES_PER_HEARTBEAT)
  }

  const drop = (): void => {
    const dead = socket
    lost(0)
    dead?.close()
  }

  const lost = (code: number): void => {
    socket = undefined
    isOpen = false
    clearInterval(watching)
    if (isClosed) return
    end.lost()
    // A token may have expired while nobody looked: the next one decides.
    if (code === BAD_TOKEN) badTokens += 1
    const isFinal = code === BAD_TOKEN ? badTokens > 1 : code > BAD_TOKEN || code === TOO_BIG
    if (isFinal) {
      close()
      return end.ended(new EventsError(`the server closed with ${code}`, { code }))
    }
    options.onState?.('waiting')
    const limitMs = Math.min(maxRetryMs, minRetryMs * 2 ** failures)
    failures += 1
    // Spread over the second half, so that those who were dropped together come back apart.
    const delayMs = Math.max(floorMs, (limitMs * (1 + Math.random())) / 2)
    floorMs = 0
    retrying = setTimeout(() => void connect(), delayMs)
  }

  const close = (): void => {
    if (isClosed) return
    isClosed = true
    isOpen = false
    clearTimeout(retrying)
    clearInterval(watching)
    socket?.close()
    socket = undefined
    options.onState?.('closed')
  }

  void connect()
  return { say, close, isOpen: () => isOpen }
}

const globalSocket = (): NonNullable<ClientOptions['WebSocket']> => {
  const found = (globalThis as { WebSocket?: NonNullable<ClientOptions['WebSocket']> }).WebSocket
  if (found === undefined) throw new EventsError('there is no global WebSocket: give one')
  return found
}
