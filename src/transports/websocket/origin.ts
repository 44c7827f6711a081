// Which web pages may connect: a browser lets any page open a WebSocket, and says from where.
import type { AllowedOrigins } from './settings.ts'

export type OriginOptions = Readonly<{
  origin: string | undefined
  host: string | undefined
  publicUrl: string
  allowedOrigins: AllowedOrigins
}>

/** Programs that are no browser send no origin. */
export const isOriginAllowed = (options: OriginOptions): boolean => {
  const { origin, host, publicUrl, allowedOrigins } = options
  if (origin === undefined || allowedOrigins === 'any') return true
  if (!URL.canParse(origin)) return false
  const from = new URL(origin)
  if (from.host === host || from.origin === new URL(publicUrl).origin) return true
  return allowedOrigins !== 'same' && allowedOrigins.includes(from.origin)
}
