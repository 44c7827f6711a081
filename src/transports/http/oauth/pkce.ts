// Proof Key for Code Exchange (RFC 7636), S256 only: who redeems a code is who asked for it.
import { createHash, timingSafeEqual } from 'node:crypto'

const CHALLENGE = /^[\w-]{43}$/
const VERIFIER = /^[\w.~-]{43,128}$/

export const isChallenge = (text: string): boolean => CHALLENGE.test(text)

export const matchesChallenge = (verifier: string, challenge: string): boolean => {
  const made = createHash('sha256').update(verifier).digest()
  const known = Buffer.from(challenge, 'base64url')
  return VERIFIER.test(verifier) && known.length === made.length && timingSafeEqual(made, known)
}
