// What the account routes need from outside.
import type { Application } from '../../../application.ts'
import type {
  CredentialStore,
  PasswordHasher,
  RefreshTokenStore,
  TokenIssuer,
} from '../../../core/auth.ts'
import type { CursorCodec } from '../../../core/cursor.ts'
import type { AttemptLimits, SignInLimit } from './sign-in-limit.ts'

export const TOKEN_LIFETIME_SECONDS = 3_600

export type AccountSettings = Readonly<{ tokenLifetimeSeconds: number; attempts: AttemptLimits }>

export type AccountOptions = Readonly<{
  application: Pick<Application, 'users'>
  issuer: TokenIssuer
  passwords: PasswordHasher
  credentials: CredentialStore
  refreshTokens: RefreshTokenStore
  settings: AccountSettings
  /** Counts the attempts instead of one of its own: for a limit that is shared with other ways to sign in. */
  signInLimit?: SignInLimit
  /** With it a registration answers Event-Cursor. */
  cursors?: CursorCodec
}>
