// Remembers what a token turned out to be, since checking a signature costs half a millisecond of a core.
// Good and bad tokens have a bounded memory each, so that a flood of bad ones cannot push out the good.
// Only hashes of tokens are kept.
import { hash } from 'node:crypto'
import type { Principal, TokenVerifier } from '../../core/auth.ts'
import type { Clock } from '../../core/clock.ts'
import { oldestFirst } from '../../core/oldest-first.ts'

export const MAX_TOKEN_LENGTH = 8 * 1024
const MAX_GOOD_TOKENS = 10_000
const MAX_BAD_TOKENS = 2_000
const BAD_TOKEN_MEMORY_MS = 10_000

export type CachedVerifierOptions = Readonly<{
  /** Checks a token for real. What it throws is not remembered. */
  check: (token: string) => Promise<Principal | undefined>
  clock: Clock
}>

export const cachedVerifier = ({ check, clock }: CachedVerifierOptions): TokenVerifier => {
  const good = createRecent<Principal>(MAX_GOOD_TOKENS)
  const bad = createRecent<number>(MAX_BAD_TOKENS) // until when
  const unexpired = (principal: Principal): Principal | undefined =>
    principal.expiresAtMs > clock() ? principal : undefined

  return {
    verify: async (token) => {
      if (token === '' || token.length > MAX_TOKEN_LENGTH) return undefined
      const key = hash('sha256', token, 'base64')
      const known = good.get(key)
      if (known !== undefined) return unexpired(known)
      if ((bad.get(key) ?? 0) > clock()) return undefined
      const principal = await check(token)
      if (principal === undefined) bad.set(key, clock() + BAD_TOKEN_MEMORY_MS)
      else good.set(key, principal)
      return principal === undefined ? undefined : unexpired(principal)
    },
  }
}

type Recent<V> = Readonly<{ get(key: string): V | undefined; set(key: string, value: V): void }>

/** Forgets the least recently used entry beyond its limit. A Map iterates in the order of insertion. */
const createRecent = <V>(limit: number): Recent<V> => {
  const entries = new Map<string, V>()
  const takeOldest = oldestFirst(entries)
  return {
    get: (key) => {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > limit) takeOldest()
    },
  }
}
