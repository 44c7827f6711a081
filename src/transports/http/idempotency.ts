// Idempotency-Key: a POST that is sent twice happens once. The log remembers keys; here a key is bound to its caller
// and route, so that nobody sees another's answer, and two that run at the same moment do not race.
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Principal } from '../../core/auth.ts'
import type { Idempotency } from '../../core/event-store.ts'
import type { TenantId } from '../../core/ids.ts'
import { pathOf } from './errors.ts'
import { ProblemError } from './problem.ts'

const KEY = /^[\x21-\x7e]{1,255}$/

export type IdempotentCall = Readonly<{
  request: FastifyRequest
  tenantId: TenantId
  principal: Principal
  content: unknown // what the request says, after parsing; decides whether a repeat is the same request
}>

export type IdempotentRunner = <T>(
  call: IdempotentCall,
  run: (idempotency: Idempotency | undefined) => Promise<T>,
) => Promise<T>

export const createIdempotentRunner = (): IdempotentRunner => {
  const running = new Set<string>()
  return async (call, run) => {
    const idempotency = idempotencyOf(call)
    if (idempotency === undefined) return run(undefined)
    const slot = `${call.tenantId}\n${idempotency.key}`
    if (running.has(slot)) {
      throw new ProblemError('conflict', 'A request with this Idempotency-Key is still running.', {
        headers: { 'retry-after': '1' },
      })
    }
    running.add(slot)
    try {
      return await run(idempotency)
    } finally {
      running.delete(slot)
    }
  }
}

const idempotencyOf = (call: IdempotentCall): Idempotency | undefined => {
  const key = call.request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !KEY.test(key)) {
    const message = 'Must have 1 to 255 visible ASCII characters, and be given once'
    throw new ProblemError('bad-request', 'Idempotency-Key is not a key.', {
      errors: [{ field: 'Idempotency-Key', message, code: 'INVALID_FORMAT' }],
    })
  }
  const { kind, subject } = call.principal
  const place = `${call.request.method} ${pathOf(call.request.raw.url)}`
  return {
    key: digest(JSON.stringify([kind, subject, place, key])),
    requestHash: digest(`${place}\n${canonicalJson(call.content)}`),
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** JSON with sorted members, so that the order in which a client writes them does not matter. Bytes by their hash. */
export const canonicalJson = (value: unknown): string => {
  if (value instanceof Uint8Array) {
    return `"sha256:${createHash('sha256').update(value).digest('hex')}"`
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}
