// Which web pages may connect: a browser lets any page open a WebSocket, and says from where.

export type AllowedOrigins = 'same' | 'any' | readonly string[]

export type OriginOptions = Readonly<{
  origin: string | undefined
  host: string | undefined
  publicUrl: string | undefined
  allowedOrigins: AllowedOrigins
}>

/** Programs that are no browser send no origin. */
export const isOriginAllowed = (options: OriginOptions): boolean => {
  const { origin, host, publicUrl, allowedOrigins } = options
  if (origin === undefined || allowedOrigins === 'any') return true
  if (!URL.canParse(origin)) return false
  const from = new URL(origin)
  if (from.host === host) return true
  if (publicUrl !== undefined && from.origin === new URL(publicUrl).origin) return true
  return allowedOrigins !== 'same' && allowedOrigins.includes(from.origin)
}
