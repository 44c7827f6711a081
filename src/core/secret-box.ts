// The port that keeps secrets unreadable where they are stored.

/**
 * Guaranteed: what was sealed for a place is opened for that place only; what was changed is not opened (it throws).
 * A text that was never sealed is opened as it is: so were secrets stored once.
 */
export interface SecretBox {
  seal(secret: string, place: string): Promise<string>
  open(stored: string, place: string): Promise<string>
}

const SEALED = /^sealed\.1\./
export const isSealed = (stored: string): boolean => SEALED.test(stored)
