// What the parts of the OAuth store share: what they are made of, and how secrets and codes are kept and compared.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { IdGenerator } from '../../core/ids.ts'
import { userCodeOf } from '../../core/oauth.ts'
import type { SqlDatabase } from '../../core/sql.ts'

export type OAuthStoreOptions = Readonly<{
  database: SqlDatabase
  clock: Clock
  ids: IdGenerator
  /** So many random bytes, as text. */
  randomToken: (bytes: number) => string
}>

export const SECRET_BYTES = 32
const USER_CODE_BYTES = 32 // a byte in sixteen is of no use: of 32, eight are left but for one time in 10^20

export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** An unknown client has no hash: it takes the same comparison, against one that nothing has. */
export const matchesHash = (secret: string, hash: Uint8Array | null | undefined): boolean => {
  const isEqual = timingSafeEqual(hashOf(secret), hash ?? NO_HASH)
  return isEqual && hash !== null && hash !== undefined
}
const NO_HASH = Buffer.alloc(32)

export const newUserCode = (randomToken: (bytes: number) => string): string => {
  const code = userCodeOf(Buffer.from(randomToken(USER_CODE_BYTES), 'base64url'))
  if (code === undefined) throw new Error('the source of randomness is broken')
  return code
}
