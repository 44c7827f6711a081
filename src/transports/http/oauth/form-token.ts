// Against forms that another site makes a browser send: ours carries a random value that the browser also has as a
// cookie, which other sites can neither read nor set.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Parameters } from './parameters.ts'

export const FORM_TOKEN = 'form_token'
const TOKEN_BYTES = 32
const MAX_AGE_SECONDS = 3_600

export type FormTokens = Readonly<{
  /** The value for a page's form. One that the browser has already is used again: pages may be open side by side. */
  give(request: FastifyRequest, reply: FastifyReply): string
  isGood(request: FastifyRequest, form: Parameters): boolean
}>

export const createFormTokens = (
  options: Readonly<{ publicUrl: string; randomToken: (bytes: number) => string }>,
): FormTokens => {
  const isSecure = options.publicUrl.startsWith('https:')
  // The prefix keeps a neighbouring host name from setting it; browsers want it to be secure for that.
  const name = isSecure ? '__Host-pawtrail-form' : 'pawtrail-form'
  const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${MAX_AGE_SECONDS}`
  const held = (request: FastifyRequest): string | undefined =>
    new RegExp(`(?:^|;\\s*)${name}=([\\w-]{43})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1]
  return {
    give: (request, reply) => {
      const token = held(request) ?? options.randomToken(TOKEN_BYTES)
      reply.header('set-cookie', `${name}=${token}; ${attributes}${isSecure ? '; Secure' : ''}`)
      return token
    },
    isGood: (request, form) => {
      const site = request.headers['sec-fetch-site']
      if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
      const token = held(request)
      return token !== undefined && isSame(token, form.get(FORM_TOKEN) ?? '')
    },
  }
}

const isSame = (left: string, right: string): boolean =>
  timingSafeEqual(digest(left), digest(right))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
