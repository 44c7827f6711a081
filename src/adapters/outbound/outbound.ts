// The guard over undici. Order matters: read the URL, resolve its name once, check every address, connect to one of
// those.
import { type Dispatcher, request as send } from 'undici'
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import type {
  Outbound,
  OutboundFailure,
  OutboundOutcome,
  OutboundPost,
  OutboundVerdict,
} from '../../core/outbound.ts'
import { isAllowedAddress, type OutboundPolicy, plainAddress } from './addresses.ts'
import { createAgent, WrongAddressError } from './connection.ts'
import { createResolveName, type ResolveName } from './names.ts'
import { readTarget, type Refused, refused, type Target } from './target.ts'

const CHECK_DEADLINE_MS = 3_000
const MAX_CHECKS_AT_ONCE = 100
/** A name with more would make us knock at many doors for one call. */
const MAX_ADDRESSES = 16
const USER_AGENT = 'Pawtrail'

export type OutboundOptions = Readonly<{
  allowInsecure: boolean
  logger: Logger
  resolve?: ResolveName
  ca?: readonly string[] // certificates to trust instead of the usual ones
}>

/** What a call needs: where it is to go, and the addresses that it may go to. */
type Way = Readonly<{ kind: 'way'; url: URL; host: string; addresses: readonly string[] }>
type FindWay = (url: string, signal: AbortSignal) => Promise<Way | Refused>

export const createOutbound = (options: OutboundOptions): Outbound => {
  const { allowInsecure, logger, resolve = createResolveName(), ca } = options
  if (allowInsecure) {
    logger.warn(
      {},
      'WEBHOOKS_ALLOW_INSECURE is true: webhooks and callbacks may be sent in plain text, and to addresses ' +
        'inside this network. For development only',
    )
  }
  const findWay = createFindWay(allowInsecure ? 'insecure' : 'public', resolve)
  let checks = 0
  const check = async (url: string): Promise<OutboundVerdict> => {
    if (checks >= MAX_CHECKS_AT_ONCE) {
      throw new Fault('overloaded', 'too many addresses are being checked')
    }
    checks += 1
    const deadline = startDeadline(CHECK_DEADLINE_MS)
    try {
      const way = await findWay(url, deadline.signal)
      if (way.kind === 'way') return { kind: 'allowed' }
      logger.debug({ reason: way.reason }, 'refused an address')
      return way
    } finally {
      deadline.clear()
      checks -= 1
    }
  }
  const post = async (request: OutboundPost): Promise<OutboundOutcome> => {
    const deadline = startDeadline(request.deadlineMs, request.signal)
    const { signal } = deadline
    try {
      const way = await findWay(request.url, signal)
      if (way.kind === 'way') return await exchange(request, { way, signal, ca })
      logger.debug({ reason: way.reason }, 'did not call an address')
      if (way.reason !== 'unresolved') return { kind: 'refused', reason: way.reason }
      return { kind: 'failed', reason: signal.aborted ? stopReason(request) : way.reason }
    } finally {
      deadline.clear()
    }
  }
  return { check, post }
}

type Deadline = Readonly<{ signal: AbortSignal; clear(): void }>

/** Also over when `stop` says so. */
const startDeadline = (ms: number, stop?: AbortSignal): Deadline => {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = setTimeout(abort, ms)
  if (stop?.aborted === true) abort()
  stop?.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer)
      stop?.removeEventListener('abort', abort)
    },
  }
}

const createFindWay =
  (policy: OutboundPolicy, resolve: ResolveName): FindWay =>
  async (text, signal) => {
    const target = readTarget(text, policy)
    if (target.kind === 'refused') return target
    const found = await addressesOf(target, { resolve, signal })
    if (found.length === 0) return refused('unresolved')
    const addresses = found.flatMap((address) => plainAddress(address) ?? [])
    const areFine =
      addresses.length === found.length &&
      found.length <= MAX_ADDRESSES &&
      found.every((address) => isAllowedAddress(address, policy))
    return areFine
      ? { kind: 'way', url: target.url, host: target.host, addresses }
      : refused('address')
  }

type Asking = Readonly<{ resolve: ResolveName; signal: AbortSignal }>

const addressesOf = async (
  { host, address }: Target,
  { resolve, signal }: Asking,
): Promise<readonly string[]> => {
  if (address !== undefined) return [address]
  if (signal.aborted) return []
  const gaveUp = new Promise<readonly string[]>((settle) => {
    signal.addEventListener('abort', () => settle([]), { once: true })
  })
  return Promise.race([resolve(host, signal).catch(() => []), gaveUp])
}

type Call = Readonly<{ way: Way; signal: AbortSignal; ca: readonly string[] | undefined }>

const exchange = async (
  request: OutboundPost,
  { way, signal, ca }: Call,
): Promise<OutboundOutcome> => {
  const { deadlineMs, maxAnswerBytes } = request
  if (signal.aborted) return { kind: 'failed', reason: stopReason(request) }
  const agent = createAgent({ addresses: way.addresses, deadlineMs, ca })
  try {
    const answer = await send(way.url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'user-agent': USER_AGENT, ...request.headers },
      body: request.body,
      signal,
    })
    const { text, isWhole } = await readAtMost(answer.body, maxAnswerBytes)
    const headers = plainHeaders(answer.headers)
    return { kind: 'answered', status: answer.statusCode, headers, body: text, isWhole }
  } catch (error) {
    if (error instanceof WrongAddressError) return { kind: 'refused', reason: 'address' }
    if (signal.aborted) return { kind: 'failed', reason: stopReason(request) }
    return { kind: 'failed', reason: failureOf(error) }
  } finally {
    await agent.destroy() // also cuts off an answer that has not ended
  }
}

const stopReason = ({ signal }: OutboundPost): OutboundFailure =>
  signal?.aborted === true ? 'stopped' : 'deadline'

/** A status that has come counts, whatever becomes of the rest: a body that breaks off is taken as far as it came. */
const readAtMost = async (
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<Readonly<{ text: string; isWhole: boolean }>> => {
  const chunks: Buffer[] = []
  let size = 0
  let isWhole = true
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      size += chunk.length
      if (size > maxBytes) break
    }
  } catch {
    isWhole = false
  }
  const text = Buffer.concat(chunks).subarray(0, maxBytes).toString()
  return { text, isWhole: isWhole && size <= maxBytes }
}

const plainHeaders = (
  headers: Dispatcher.ResponseData['headers'],
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  )

const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/
const UNREACHABLE_CODE =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/
const DEADLINE_CODE = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/

const failureOf = (error: unknown): OutboundFailure => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (TLS_CODE.test(code)) return 'tls'
  if (UNREACHABLE_CODE.test(code)) return 'unreachable'
  return DEADLINE_CODE.test(code) ? 'deadline' : 'broken'
}
