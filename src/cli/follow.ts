// Follows a tenant's live events over reconnects: every connection resumes after the newest cursor that was seen.
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type EventBlock } from './sse-client.ts'

export type FollowOptions = Readonly<{
  url: string // of the server, without a path
  tenant: string
  types: readonly string[]
  after: string
  /** Asked at every connection, so that a token that expired is replaced. */
  token: () => Promise<string>
  signal: AbortSignal
  onEvent: (json: string) => Promise<void>
  onNotice: (text: string) => void
  /** Called when the place to resume from moves. */
  onCursor: (cursor: string) => void
  silenceLimitMs?: number
  firstDelayMs?: number
}>

export type FollowEnd =
  Readonly<{ kind: 'aborted' }> | Readonly<{ kind: 'refused'; status: number; detail: string }>

const SILENCE_LIMIT_MS = 45_000 // three heartbeats
const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 15_000
const MAX_RETRY_AFTER_MS = 60_000

/** Returns when it is aborted, or when the server refuses in a way that trying again does not change. */
export const follow = async (options: FollowOptions): Promise<FollowEnd> => {
  const firstDelayMs = options.firstDelayMs ?? FIRST_DELAY_MS
  let after = options.after
  let delayMs = firstDelayMs
  while (!options.signal.aborted) {
    const ended = await followOnce(options, after).catch((error: unknown): Ended => ({
      kind: 'lost',
      after,
      reason: reasonOf(error),
      progressed: false,
    }))
    if (options.signal.aborted) break
    if (ended.kind === 'refused') return ended
    if (ended.kind === 'lost') {
      after = ended.after
      if (ended.progressed) delayMs = firstDelayMs
      if (ended.reason !== undefined) options.onNotice(`${ended.reason}; trying again`)
    }
    const waitMs = ended.kind === 'later' ? Math.max(ended.retryAfterMs, delayMs) : delayMs
    delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)
    await delay(waitMs, undefined, { signal: options.signal }).catch(() => {})
  }
  return { kind: 'aborted' }
}

type Ended =
  | Readonly<{ kind: 'lost'; after: string; reason: string | undefined; progressed: boolean }>
  | Readonly<{ kind: 'later'; retryAfterMs: number }>
  | Readonly<{ kind: 'refused'; status: number; detail: string }>

const followOnce = async (options: FollowOptions, start: string): Promise<Ended> => {
  const connected = await connect({
    url: streamUrl(options, start),
    headers: { authorization: `Bearer ${await options.token()}`, ...tenantHeader(options.tenant) },
    signal: options.signal,
    silenceLimitMs: options.silenceLimitMs ?? SILENCE_LIMIT_MS,
  })
  if (connected.kind === 'refused') {
    const { status, detail, retryAfterMs = 0 } = connected
    if (status < 500 && status !== 429 && status !== 408) return { kind: 'refused', status, detail }
    options.onNotice(`the server says ${status} ${detail}; trying again`)
    return { kind: 'later', retryAfterMs: Math.min(retryAfterMs, MAX_RETRY_AFTER_MS) }
  }
  let after = start
  let isBye = false
  let progressed = false
  let reason = 'the stream ended'
  try {
    for await (const block of connected.blocks) {
      progressed = true
      isBye = block.event === 'bye'
      await take(options, block)
      if (block.id === undefined || block.id === after) continue
      after = block.id
      options.onCursor(after)
    }
  } catch (error) {
    reason = reasonOf(error)
  }
  // A server says bye when a connection has lived long enough: nothing to tell anybody.
  return { kind: 'lost', after, reason: isBye ? undefined : reason, progressed }
}

const take = async (options: FollowOptions, block: EventBlock): Promise<void> => {
  if (block.data === undefined) return
  if (block.event === 'message') await options.onEvent(block.data)
  if (block.event === 'gap') {
    options.onNotice(
      'there is a gap: the log was restored or re-imported, going on from its newest event',
    )
  }
  if (block.event === 'lag') options.onNotice('reading slower than events are made; catching up')
}

const streamUrl = (options: FollowOptions, after: string): string => {
  const query = new URLSearchParams({ after })
  if (options.types.length > 0) query.set('types', options.types.join(','))
  return `${options.url}/v1/events/stream?${query.toString()}`
}

const tenantHeader = (tenant: string): Readonly<Record<string, string>> =>
  tenant === 'shared' ? {} : { 'x-tenant-id': tenant }

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== ''
    ? error.cause.message
    : error.message
}
