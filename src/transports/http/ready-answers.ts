// Public reads that are answered before the framework looks at them: the cache has the answer, and nothing that came
// with the request could make it another one. What is not as plain as that goes the usual way, which gives the same.
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import { readyVariant, type Variant } from './answer.ts'
import { knownTenant, SAFE_HEADERS } from './guard.ts'
import { takesJson } from './negotiation.ts'
import { type RateLimit, refusedBefore } from './rate-limit.ts'
import type { ResponseCache } from './response-cache.ts'
import type { Known, UrlMemo } from './url-memo.ts'
import { hasOneHost } from './wire.ts'

export type ReadyAnswers = Readonly<{
  memo: UrlMemo
  cache: ResponseCache
  rateLimit: RateLimit | undefined // by the address of the connection
  requestIdOf: (request: IncomingMessage) => string
}>

/** To be called while only the framework listens to the server's requests. */
export const answerReady = (server: Server, ready: ReadyAnswers): void => {
  const [framework, ...others] = server.listeners('request') as RequestListener[]
  if (framework === undefined || others.length > 0) throw new Error('one listener was expected')
  const { rateLimit, cache } = ready
  const serve = (response: ServerResponse, found: Found, rateFields: RateFields): void => {
    cache.served()
    send(response, found, rateFields)
  }
  server.removeListener('request', framework)
  server.on('request', (request, response) => {
    const found = findReady(request, ready)
    if (found === undefined) return framework(request, response)
    if (rateLimit === undefined) return serve(response, found, {})
    void rateLimit.consume(request.socket.remoteAddress ?? '').then(
      (verdict) => {
        if (verdict.isAllowed)
          return serve(response, found, found.known.rateFields?.(verdict) ?? {})
        refusedBefore.set(request, verdict)
        framework(request, response)
      },
      () => framework(request, response), // which meets the same fault, and answers for it
    )
  })
}

type RateFields = Readonly<Record<string, string>>
type Found = Readonly<{
  known: Known
  variant: Variant
  url: string
  requestId: string
  startedMs: number
}>

const findReady = (
  request: IncomingMessage,
  { memo, cache, requestIdOf }: ReadyAnswers,
): Found | undefined => {
  const startedMs = performance.now()
  const { method, url } = request
  if (method !== 'GET' || url === undefined) return undefined
  const known = memo.find(url)
  if (known === undefined || !isPlain(request)) return undefined
  const tenantId = tenantOf(request.headers['x-tenant-id'])
  const answer = tenantId === undefined ? undefined : cache.find(tenantId, known.key)
  const variant = answer === undefined ? undefined : readyVariant(answer, request)
  if (variant === undefined) return undefined
  return { known, variant, url, requestId: requestIdOf(request), startedMs }
}

// Noticed when it is handed over: to be told when it has left would cost each answer a listener.
const send = (
  response: ServerResponse,
  { known, variant, url, requestId, startedMs }: Found,
  rateFields: RateFields,
): void => {
  const fields = [...variant.fields, ...STANDING, 'x-request-id', requestId]
  for (const name in rateFields) fields.push(name, rateFields[name] ?? '')
  response.writeHead(200, fields)
  response.end(variant.body)
  const elapsedMs = performance.now() - startedMs
  known.observe?.({ method: 'GET', url, status: 200, requestId, elapsedMs })
}

const STANDING = Object.entries(SAFE_HEADERS).flat()

/** What decides about an answer, or comes with a body, is the routes' affair. */
const DECIDING = [
  'authorization',
  'origin',
  'if-none-match',
  'wait-for-cursor',
  'content-length',
  'transfer-encoding',
] as const

const isPlain = (request: IncomingMessage): boolean => {
  const { headers } = request
  for (const name of DECIDING) if (headers[name] !== undefined) return false
  return takesJson(headers.accept) && hasOneHost(request)
}

/** Undefined for a name that was not seen before: it may be none. */
const tenantOf = (named: string | string[] | undefined): TenantId | undefined => {
  if (named === undefined) return SHARED_TENANT
  return typeof named === 'string' ? knownTenant(named) : undefined
}
