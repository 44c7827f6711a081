// Who is asking and what they may do. Ports: token signing and checking, password hashing, credentials, refresh tokens.
import type { TenantId } from './ids.ts'
import type { JsonObject } from './json.ts'

/** The scopes of the public contract. `admin` includes every other one. */
export const SCOPES = [
  'read:pets',
  'write:pets',
  'read:orders',
  'write:orders',
  'read:user',
  'write:user',
  'chat:write',
  'read:adoptions',
  'write:adoptions',
  'read:events',
  'read:webhooks',
  'write:webhooks',
  'read:audit',
  'read:reports',
  'admin',
] as const
export type Scope = (typeof SCOPES)[number]

/** What a person who registers may do. Staff scopes are given by an admin or by the command line. */
export const ADOPTER_SCOPES: readonly Scope[] = [
  'read:pets',
  'read:orders',
  'write:orders',
  'read:user',
  'write:user',
  'read:adoptions',
  'write:adoptions',
  'chat:write',
]

/** A token that was checked: its signature, issuer, audience and time held. */
export type Principal = Readonly<{
  subject: string // user id, or the name of a client
  kind: 'user' | 'client'
  tenants: readonly TenantId[] // the tenants this token is good for
  scopes: ReadonlySet<string>
  expiresAtMs: number
}>

export const hasScope = (principal: Principal, scope: Scope): boolean =>
  principal.scopes.has(scope) || principal.scopes.has('admin')

/**
 * Undefined: not a token of ours, wrong signature, wrong audience, or expired. Throws only on broken
 * infrastructure.
 */
export interface TokenVerifier {
  verify(token: string): Promise<Principal | undefined>
}

export type TokenRequest = Readonly<{
  subject: string
  kind: 'user' | 'client'
  tenants: readonly TenantId[]
  scopes: readonly Scope[]
  lifetimeSeconds: number
  clientId?: string // of the OAuth client that it is given to
}>

export interface TokenIssuer {
  issue(request: TokenRequest): Promise<Readonly<{ token: string; expiresAtMs: number }>>
  /** The public keys, as a JSON Web Key Set. */
  jwks(): JsonObject
}

export interface PasswordHasher {
  /** argon2id in its encoded text form. */
  hash(password: string): Promise<string>
  verify(encoded: string, password: string): Promise<boolean>
}

export type Credential = Readonly<{ userId: string; username: string; passwordHash: string }>

/**
 * Guaranteed: a username (compared without case) belongs to one user of a tenant at a time; a user has one confirmed
 * name at most, beside one that is reserved for a change of name. A reservation that was never confirmed may be taken
 * over after a minute.
 */
export interface CredentialStore {
  /** A user's own confirmed name counts as reserved, and stays as it is. */
  reserve(tenantId: TenantId, credential: Credential): Promise<'reserved' | 'taken'>
  /**
   * The reserved name becomes the user's only one; in place of another it takes over that one's password. Does nothing
   * unless the user has reserved it.
   */
  confirm(tenantId: TenantId, userId: string, username: string): Promise<void>
  /** Gives a reserved name back. A confirmed one stays. */
  release(tenantId: TenantId, userId: string, username: string): Promise<void>
  /** Confirmed ones only. */
  find(tenantId: TenantId, username: string): Promise<Credential | undefined>
  /** Confirmed ones only. */
  findByUser(tenantId: TenantId, userId: string): Promise<Credential | undefined>
  /** The user who has the name, or has reserved it. */
  holderOf(tenantId: TenantId, username: string): Promise<string | undefined>
  /** False: the password's hash is not `from` (any more), or there is no such user. */
  changePassword(
    tenantId: TenantId,
    userId: string,
    hashes: Readonly<{ from: string; to: string }>,
  ): Promise<boolean>
  /** Everything of the user, reserved or confirmed: its names are free at once. */
  remove(tenantId: TenantId, userId: string): Promise<void>
}

/**
 * `delegation`: the user let an OAuth client act, with these scopes at most. Without one it is a
 * sign-in of our own.
 */
export type RefreshGrant = Readonly<{
  tenantId: TenantId
  userId: string
  delegation?: Readonly<{ clientId: string; scopes: readonly Scope[] }>
}>

/**
 * Tokens are random and stored as hashes. Each is good once; using one twice revokes its whole family. Of two uses at
 * the same time one wins, and the other revokes what the first was given.
 */
export interface RefreshTokenStore {
  /** Starts a family, under the given id (a UUID) if there is one. */
  create(grant: RefreshGrant, family?: string): Promise<string>
  /** `clientId`: who brings it. Brought by anybody but the client it was given to, it ends its family. */
  rotate(
    token: string,
    clientId?: string,
  ): Promise<Readonly<{ grant: RefreshGrant; next: string }> | undefined>
  /** What a token was given for, also when it is good no more, as long as it is remembered. Uses nothing up. */
  find(token: string): Promise<RefreshGrant | undefined>
  revokeFamily(grant: RefreshGrant, family: string): Promise<void>
  /** Ends the token's family. Does nothing when there is no such token. */
  revoke(token: string): Promise<void>
  /** Ends all of a user's families, those of clients too. */
  revokeUser(tenantId: TenantId, userId: string): Promise<void>
}
