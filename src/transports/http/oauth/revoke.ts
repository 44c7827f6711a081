// POST /oauth/revoke (RFC 7009): a client gives a refresh token back. Its whole family ends.
import type { FastifyInstance } from 'fastify'
import { authenticateClient } from './client-authentication.ts'
import { docOf } from './documents.ts'
import { OAuthError } from './errors.ts'
import type { OAuthOptions } from './options.ts'
import { formOf, required } from './parameters.ts'

/** Three parts of base64url: one of our access tokens, or something like it. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

export const installRevokeRoute = (scope: FastifyInstance, options: OAuthOptions): void => {
  const { oauth, refreshTokens } = options
  scope.post('/oauth/revoke', docOf('revoke'), async (request, reply) => {
    const parameters = formOf(request)
    const client = await authenticateClient(oauth, request, parameters)
    const token = required(parameters, 'token')
    if (JWT.test(token)) {
      throw new OAuthError(
        'unsupported_token_type',
        'An access token cannot be taken back; it is good for ten minutes at most.',
      )
    }
    const granted = await refreshTokens.find(token)
    // A token of somebody else is answered as one that never was.
    if (granted?.delegation?.clientId === client.id) await refreshTokens.revoke(token)
    return reply.code(200).header('cache-control', 'no-store').send()
  })
}
