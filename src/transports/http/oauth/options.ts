// What the authorization server needs from outside, and its limits.
import type { Application } from '../../../application.ts'
import type {
  CredentialStore,
  PasswordHasher,
  RefreshTokenStore,
  TokenIssuer,
} from '../../../core/auth.ts'
import type { OAuthStore } from '../../../core/oauth.ts'
import type { AttemptLimits, SignInLimit } from '../accounts/sign-in-limit.ts'

/**
 * An access token cannot be taken back, it only runs out. Short, so that what is revoked (a stolen code, a client, a
 * refresh token) is over soon.
 */
export const OAUTH_TOKEN_LIFETIME_SECONDS = 600

export const PARAMETER_LIMITS = {
  bodyBytes: 16_384,
  count: 32,
  nameLength: 64,
  valueLength: 2_048,
} as const

/** Guesses at user codes from one address: of 20^8 codes a few wait at a time. */
export const USER_CODE_LIMITS: AttemptLimits = { windowSeconds: 300, perName: 1, perAddress: 30 }
/** Devices that may be started from one address: each is a row for ten minutes. */
export const DEVICE_LIMITS: AttemptLimits = { windowSeconds: 300, perName: 1, perAddress: 100 }

export type OAuthOptions = Readonly<{
  application: Readonly<{ users: Pick<Application['users'], 'get'> }>
  oauth: OAuthStore
  issuer: TokenIssuer
  passwords: PasswordHasher
  credentials: CredentialStore
  refreshTokens: RefreshTokenStore
  /** The same that counts sign-ins elsewhere: a second door is not a second set of guesses. */
  signInLimit: SignInLimit
  /** So many random bytes, as text. */
  randomToken: (bytes: number) => string
  settings: Readonly<{ publicUrl: string }>
}>
