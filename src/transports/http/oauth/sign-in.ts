// A user's name and password, typed into one of our pages. As at /v1/auth/tokens: few attempts, and the same answer
// after the same work whatever is wrong.
import { createHash } from 'node:crypto'
import type { TenantId } from '../../../core/ids.ts'
import type { Agreed, Consent } from '../../../core/oauth.ts'
import type { OAuthOptions } from './options.ts'
import type { Parameters } from './parameters.ts'

export type SignedIn = Agreed & Readonly<{ scopes: readonly string[] }>
type Attempt = Readonly<{ tenantId: TenantId; form: Parameters; address: string }>

/** Throws `rate-limit-exceeded`. */
export type SignIn = (attempt: Attempt) => Promise<SignedIn | undefined>

export const WRONG_CREDENTIALS = 'The username or the password is wrong.'

export const createSignIn = async (options: OAuthOptions): Promise<SignIn> => {
  const { application, credentials, passwords, signInLimit } = options
  const decoyHash = await passwords.hash('the password of nobody')
  return async ({ tenantId, form, address }) => {
    const username = form.get('username') ?? ''
    await signInLimit.countAddress(address)
    const forgetAttempts = await signInLimit.countName(tenantId, username, address)
    const credential = await credentials.find(tenantId, username)
    const password = form.get('password') ?? ''
    const matches = await passwords.verify(credential?.passwordHash ?? decoyHash, password)
    if (credential === undefined || !matches) return undefined
    const user = await application.users.get(tenantId, credential.userId)
    if (user === undefined) return undefined
    await forgetAttempts()
    const signInMark = markOf(credential.passwordHash)
    return { userId: credential.userId, signInMark, scopes: user.scopes }
  }
}

/** Whether the user has the password still by which he agreed. */
export const isStillAgreed = async (
  { credentials }: Pick<OAuthOptions, 'credentials'>,
  { tenantId, userId, signInMark }: Consent,
): Promise<boolean> => {
  const now = await credentials.findByUser(tenantId, userId)
  return now !== undefined && markOf(now.passwordHash) === signInMark
}

/** Tells two passwords of one user apart, and nothing of either: what is hashed is a salted hash already. */
const markOf = (passwordHash: string): string =>
  createHash('sha256').update(passwordHash).digest('base64url')
