// The machine's randomness, fit for secrets.
import { randomBytes } from 'node:crypto'

/** `bytes` random bytes as base64url text without padding. */
export const randomToken = (bytes: number): string => randomBytes(bytes).toString('base64url')

/** A number in [0, 1), for spreading things out; not for secrets. */
export const randomFraction = (): number => Math.random()
