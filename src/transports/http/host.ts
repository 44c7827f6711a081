// What every transport that rides on the HTTP server may use of it: who is calling, and how to say no.
// The server's onRequest hook has authenticated the token and resolved the tenant before any route runs.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { hasScope, type Principal, type Scope } from '../../core/auth.ts'
import type { TenantId } from '../../core/ids.ts'
import { ProblemError } from './problem.ts'

export { ProblemError } from './problem.ts'
export { linkField } from './link-field.ts'
export { networkOf } from './network.ts'
export { fieldErrors } from './validation.ts'
export { destroyOnError, hasTurn, takeOver } from './take-over.ts'

/** `tenantId` is the X-Tenant-ID (the shared pool without one), already checked against the token. */
export type Caller = Readonly<{ tenantId: TenantId; principal: Principal | null }>

/** A connection that asks to leave HTTP for the WebSocket protocol. */
export type Upgrade = Readonly<{
  request: IncomingMessage
  socket: Duplex
  head: Buffer // what the client sent after its request already
  address: string // that the caller is counted by, behind the proxies that are believed
  /** Answers no, as HTTP, and ends the connection. */
  refuse: (problem: ProblemError) => void
}>
export type UpgradeHandler = (upgrade: Upgrade) => void
export type Upgrades = Readonly<{ on: (path: string, handler: UpgradeHandler) => void }>

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null
  }
}

export const callerOf = (request: FastifyRequest): Caller => {
  if (request.caller === null)
    throw new Error('the request has no caller: the authentication hook did not run')
  return request.caller
}

/** The caller, who has a token good for this tenant; otherwise 401 or 403. */
export const requireCaller = (
  request: FastifyRequest,
): Caller & Readonly<{ principal: Principal }> => {
  const { tenantId, principal } = callerOf(request)
  if (principal === null) {
    throw new ProblemError('unauthorized', 'A bearer token is required.', {
      headers: { 'www-authenticate': 'Bearer' },
    })
  }
  if (!principal.tenants.includes(tenantId)) {
    throw new ProblemError('forbidden', 'The token is not good for this tenant.')
  }
  return { tenantId, principal }
}

/** True when the caller has a token good for this tenant with this scope. */
export const callerHasScope = ({ tenantId, principal }: Caller, scope: Scope): boolean =>
  principal !== null && principal.tenants.includes(tenantId) && hasScope(principal, scope)

/** The caller, who has a token good for this tenant with this scope; otherwise 401 or 403. */
export const requireScope = (
  request: FastifyRequest,
  scope: Scope,
): Caller & Readonly<{ principal: Principal }> => {
  const { tenantId, principal } = callerOf(request)
  if (principal === null) {
    throw new ProblemError('unauthorized', 'A bearer token is required.', {
      headers: { 'www-authenticate': `Bearer scope="${scope}"` },
    })
  }
  if (!principal.tenants.includes(tenantId)) {
    throw new ProblemError('forbidden', 'The token is not good for this tenant.')
  }
  if (!hasScope(principal, scope)) {
    throw new ProblemError('forbidden', `The token lacks the scope ${scope}.`, {
      headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
    })
  }
  return { tenantId, principal }
}
