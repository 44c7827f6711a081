// From the claims of a token whose signature held to a principal. Anything odd refuses the token as a whole.
import type { JWTPayload } from 'jose'
import { type Principal, SCOPES } from '../../core/auth.ts'
import { type TenantId, tenantIdSchema } from '../../core/ids.ts'

const MAX_SUBJECT_LENGTH = 255
const MAX_TENANTS = 100
const KNOWN_SCOPES: ReadonlySet<string> = new Set(SCOPES)

/** Our own issuer writes every claim, in one form. */
export const principalOfOwnToken = (claims: JWTPayload): Principal | undefined => {
  const { kind, tenants, scope, jti } = claims
  if ((kind !== 'user' && kind !== 'client') || typeof scope !== 'string') return undefined
  if (typeof jti !== 'string' || !Array.isArray(tenants) || tenants.length === 0) return undefined
  return principalOf(claims, { kind, tenants, scopes: wordsOf(scope) })
}

/**
 * Identity providers differ: scopes are `scope` (space separated) or `scp` (an array, or text), tenants
 * are `tenants` or a single `tenant`. A token without either is good for no tenant. A token whose
 * subject is its own client (RFC 9068) belongs to a program.
 */
export const principalOfOutsideToken = (claims: JWTPayload): Principal | undefined => {
  const tenants = claims['tenants'] ?? (claims['tenant'] === undefined ? [] : [claims['tenant']])
  const scopes = scopesOf(claims['scope'] ?? claims['scp'] ?? '')
  if (!Array.isArray(tenants) || scopes === undefined) return undefined
  const ownClient = claims['client_id'] !== undefined && claims['client_id'] === claims.sub
  const kind = claims['kind'] === 'client' || ownClient ? 'client' : 'user'
  return principalOf(claims, { kind, tenants, scopes })
}

const scopesOf = (claim: unknown): readonly string[] | undefined => {
  if (typeof claim === 'string') return wordsOf(claim)
  if (!Array.isArray(claim)) return undefined
  return claim.every((scope): scope is string => typeof scope === 'string') ? claim : undefined
}

const wordsOf = (text: string): readonly string[] => text.split(' ').filter((word) => word !== '')

const principalOf = (
  { sub, exp }: JWTPayload,
  rest: Readonly<{
    kind: Principal['kind']
    tenants: readonly unknown[]
    scopes: readonly string[]
  }>,
): Principal | undefined => {
  if (sub === undefined || sub === '' || sub.length > MAX_SUBJECT_LENGTH) return undefined
  if (exp === undefined || rest.tenants.length > MAX_TENANTS) return undefined
  const tenants: TenantId[] = []
  for (const tenant of rest.tenants) {
    const parsed = tenantIdSchema.safeParse(tenant)
    if (!parsed.success) return undefined
    tenants.push(parsed.data)
  }
  return {
    subject: sub,
    kind: rest.kind,
    tenants,
    scopes: new Set(rest.scopes.filter((scope) => KNOWN_SCOPES.has(scope))),
    expiresAtMs: exp * 1000,
  }
}
