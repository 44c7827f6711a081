// A user's name and password, typed into one of our pages. As at /v1/auth/tokens: few attempts, and the same answer
// after the same work whatever is wrong.
import type { TenantId } from '../../../core/ids.ts'
import type { OAuthOptions } from './options.ts'
import type { Parameters } from './parameters.ts'

export type SignedIn = Readonly<{ userId: string; scopes: readonly string[] }>
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
    return { userId: credential.userId, scopes: user.scopes }
  }
}
