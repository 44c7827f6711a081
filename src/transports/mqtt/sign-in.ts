// Who is connecting: a token as the password (under any username, or the name of the tenant it is
// used for), the name and password of an account where there are any, or nobody.
import type { CredentialStore, PasswordHasher, Principal, TokenVerifier } from '../../core/auth.ts'
import type { Application } from '../../application.ts'
import type { Clock } from '../../core/clock.ts'
import { SHARED_TENANT, tenantIdSchema, type TenantId } from '../../core/ids.ts'
import { ProblemError } from '../http/problem.ts'

export type SignedIn = Readonly<{ principal: Principal | null; tenantId: TenantId }>

export type SignInResult =
  (Readonly<{ kind: 'signed_in' }> & SignedIn) | Readonly<{ kind: 'refused' | 'limited' }>

/** Shared with the other ways to sign in. Both throw ProblemError when there were too many. */
export type Attempts = Readonly<{
  countAddress(address: string): Promise<void>
  countName(tenantId: TenantId, username: string, address: string): Promise<() => Promise<void>>
}>

export type SignInOptions = Readonly<{
  verifier: TokenVerifier
  /** Undefined where an outside identity provider knows the users: only its tokens are let in then. */
  credentials: Pick<CredentialStore, 'find' | 'findByUser'> | undefined
  passwords: PasswordHasher
  application: Pick<Application, 'users'>
  attempts: Attempts
  clock: Clock
  passwordSessionMs: number
  allowAnonymous: boolean
}>

export type SignInRequest = Readonly<{
  username: string | undefined
  password: string | undefined
  address: string
  isToken?: boolean // an account's password will not do
}>

export type SignIn = (request: SignInRequest) => Promise<SignInResult>

const REFUSED = { kind: 'refused' } as const
const MAX_PASSWORD = 1_000 // of an account; a token may be longer
const NOBODYS_PASSWORD = 'the password of nobody'
const TENANT_AND_NAME = /^([^/]+)\/(.+)$/

export const createSignIn = (options: SignInOptions): SignIn => {
  let made: string | undefined
  // One that could not be made, because too many wait, is made by whoever comes next.
  const decoyHash = async () => (made ??= await options.passwords.hash(NOBODYS_PASSWORD))
  return async ({ username = '', password = '', address, isToken = false }) => {
    if (password === '') {
      if (isToken) return REFUSED
      if (username !== '' || !options.allowAnonymous) return REFUSED
      return { kind: 'signed_in', principal: null, tenantId: SHARED_TENANT }
    }
    const principal = await options.verifier.verify(password)
    if (principal !== undefined) return withToken(principal, username)
    const { credentials } = options
    if (isToken || credentials === undefined) return REFUSED
    if (username === '' || password.length > MAX_PASSWORD) return REFUSED
    try {
      const account = { ...accountOf(username), password, address }
      return await withPassword({ ...options, credentials }, account, decoyHash)
    } catch (cause) {
      if (cause instanceof ProblemError && cause.type === 'rate-limit-exceeded') {
        return { kind: 'limited' }
      }
      throw cause
    }
  }
}

/** A username that names a tenant must name one of the token's. */
const withToken = (principal: Principal, username: string): SignInResult => {
  const named = tenantIdSchema.safeParse(username)
  const [first = SHARED_TENANT] = principal.tenants
  const tenantId = named.success ? named.data : first
  if (named.success && !principal.tenants.includes(tenantId)) return REFUSED
  return { kind: 'signed_in', principal, tenantId }
}

/** `<tenant>/<name>`, or the name alone for the shared pool. */
const accountOf = (text: string): Readonly<{ tenantId: TenantId; username: string }> => {
  const [, tenant, username] = TENANT_AND_NAME.exec(text) ?? []
  const parsed = tenantIdSchema.safeParse(tenant)
  return parsed.success && username !== undefined
    ? { tenantId: parsed.data, username }
    : { tenantId: SHARED_TENANT, username: text }
}

type Account = Readonly<{
  tenantId: TenantId
  username: string
  password: string
  address: string
}>

type WithAccounts = SignInOptions & Readonly<{ credentials: object }>

/** The same work whether the name exists or not. */
const withPassword = async (
  { credentials, passwords, application, attempts, clock, passwordSessionMs }: WithAccounts,
  { tenantId, username, password, address }: Account,
  decoyHash: () => Promise<string>,
): Promise<SignInResult> => {
  await attempts.countAddress(address)
  const forgetAttempts = await attempts.countName(tenantId, username, address)
  const decoy = await decoyHash()
  const credential = await credentials.find(tenantId, username)
  const matches = await passwords.verify(credential?.passwordHash ?? decoy, password)
  if (credential === undefined || !matches) return REFUSED
  const user = await application.users.get(tenantId, credential.userId)
  const now = await credentials.findByUser(tenantId, credential.userId)
  if (user === undefined || now?.passwordHash !== credential.passwordHash) return REFUSED
  await forgetAttempts()
  const principal: Principal = {
    subject: credential.userId,
    kind: 'user',
    tenants: [tenantId],
    scopes: new Set(user.scopes),
    expiresAtMs: clock() + passwordSessionMs,
  }
  return { kind: 'signed_in', principal, tenantId }
}
