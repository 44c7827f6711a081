// Guessing passwords is slow: a few attempts for one name from one address, and some more for the address as a whole,
// which also bounds how many names an address can make us remember. Nobody can lock another's account from elsewhere.
import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { TenantId } from '../../../core/ids.ts'
import { networkOf } from '../network.ts'
import { usernameKey } from '../../../core/username.ts'
import { ProblemError } from '../problem.ts'

export type AttemptLimits = Readonly<{
  windowSeconds: number
  perName: number // sign-ins for one tenant, username and address; a success sets it back
  perAddress: number // sign-ins and registrations from one address
}>

export const ATTEMPT_LIMITS: AttemptLimits = { windowSeconds: 300, perName: 10, perAddress: 300 }

export type SignInLimit = Readonly<{
  /** Throws `rate-limit-exceeded`. */
  countAddress(address: string): Promise<void>
  /** Throws `rate-limit-exceeded`. Gives a function that forgets this name's attempts. */
  countName(tenantId: TenantId, username: string, address: string): Promise<() => Promise<void>>
}>

export const createSignInLimit = (limits: AttemptLimits): SignInLimit => {
  const duration = limits.windowSeconds
  const names = new RateLimiterMemory({ keyPrefix: 'name', points: limits.perName, duration })
  const addresses = new RateLimiterMemory({ keyPrefix: 'ip', points: limits.perAddress, duration })
  return {
    countAddress: (address) => consume(addresses, networkOf(address)),
    countName: async (tenantId, username, address) => {
      const name = [tenantId, usernameKey(username), networkOf(address)]
      const key = createHash('sha256').update(JSON.stringify(name)).digest('base64url')
      await consume(names, key)
      return async () => {
        await names.delete(key)
      }
    },
  }
}

const consume = async (limiter: RateLimiterMemory, key: string): Promise<void> => {
  try {
    await limiter.consume(key)
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal
    const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
    throw new ProblemError('rate-limit-exceeded', 'Too many attempts. Try again later.', {
      headers: { 'retry-after': String(seconds) },
    })
  }
}
