// GET /.well-known/oauth-authorization-server (RFC 8414): where everything is and what it can do.
import type { FastifyInstance } from 'fastify'
import { SCOPES } from '../../../core/auth.ts'
import { GRANT_TYPES } from '../../../core/oauth.ts'
import { docOf } from './documents.ts'

const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'none']

export const installMetadata = (scope: FastifyInstance, publicUrl: string): void => {
  const metadata = {
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}/oauth/authorize`,
    token_endpoint: `${publicUrl}/oauth/token`,
    device_authorization_endpoint: `${publicUrl}/oauth/device_authorization`,
    revocation_endpoint: `${publicUrl}/oauth/revoke`,
    jwks_uri: `${publicUrl}/.well-known/jwks.json`,
    scopes_supported: SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: GRANT_TYPES,
    token_endpoint_auth_methods_supported: AUTH_METHODS,
    revocation_endpoint_auth_methods_supported: AUTH_METHODS,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
  scope.get('/.well-known/oauth-authorization-server', docOf('metadata'), (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').send(metadata),
  )
}
