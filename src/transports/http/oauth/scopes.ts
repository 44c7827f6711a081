// What is granted: what was asked for, as far as the client may have it and the user has it.
import { type Scope, SCOPES } from '../../../core/auth.ts'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../../../core/ids.ts'
import type { OAuthClient } from '../../../core/oauth.ts'
import { OAuthError } from './errors.ts'
import type { Parameters } from './parameters.ts'

/** RFC 6749, section 3.3. */
const SCOPE_LIST = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/

/** Undefined when none are named. Names that we do not know are left out, as ones that nobody may have. */
export const namedScopes = (parameters: Parameters): readonly Scope[] | undefined => {
  const text = parameters.get('scope')
  if (text === undefined) return undefined
  if (!SCOPE_LIST.test(text)) throw new OAuthError('invalid_scope', 'The scope is malformed.')
  const words = new Set(text.split(' '))
  return SCOPES.filter((scope) => words.has(scope))
}

/** Those of `scopes` that somebody with `held` has; `admin` includes every other. */
export const within = (scopes: readonly Scope[], held: readonly string[]): readonly Scope[] =>
  held.includes('admin') ? scopes : scopes.filter((scope) => held.includes(scope))

/** What a client asks for, and may have. Without a word about it, all it may have. */
export const askedScopes = (parameters: Parameters, client: OAuthClient): readonly Scope[] => {
  const scopes = within(namedScopes(parameters) ?? client.scopes, client.scopes)
  if (scopes.length === 0) throw noScopeLeft()
  return scopes
}

export const noScopeLeft = (): OAuthError =>
  new OAuthError('invalid_scope', 'None of these scopes can be granted.')

/** The tenant that a user of this client signs in at: the shared pool, unless another one is named. */
export const askedTenant = (parameters: Parameters, client: OAuthClient): TenantId => {
  const named = parameters.get('tenant')
  const parsed = tenantIdSchema.safeParse(named ?? SHARED_TENANT)
  if (parsed.success && client.tenants.includes(parsed.data)) return parsed.data
  throw new OAuthError(
    'invalid_request',
    named === undefined
      ? 'The client does not act in the shared pool: name a tenant by the parameter tenant.'
      : 'The client does not act in this tenant.',
  )
}
