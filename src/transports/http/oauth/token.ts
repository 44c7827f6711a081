// POST /oauth/token: an access token for a code, a device, a refresh token or a client itself.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Scope } from '../../../core/auth.ts'
import { tenantIdSchema } from '../../../core/ids.ts'
import {
  type Consent,
  type Delegation,
  DEVICE_CODE_GRANT,
  type DevicePoll,
  GRANT_TYPES,
  type GrantType,
  type OAuthClient,
} from '../../../core/oauth.ts'
import { authenticateClient, requireGrant } from './client-authentication.ts'
import { docOf } from './documents.ts'
import { OAuthError } from './errors.ts'
import { OAUTH_TOKEN_LIFETIME_SECONDS, type OAuthOptions } from './options.ts'
import { formOf, type Parameters, required } from './parameters.ts'
import { matchesChallenge } from './pkce.ts'
import { askedScopes, namedScopes, noScopeLeft, within } from './scopes.ts'
import { isStillAgreed } from './sign-in.ts'

type TokenAnswer = Readonly<{
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  scope: string
  refresh_token?: string
}>

type Request = Readonly<{ client: OAuthClient; parameters: Parameters }>
type Grant = (options: OAuthOptions, request: Request) => Promise<TokenAnswer>

export const installTokenRoute = (scope: FastifyInstance, options: OAuthOptions): void => {
  scope.post('/oauth/token', docOf('token'), async (request, reply) => {
    const answer = await grantToken(options, request)
    return reply.header('cache-control', 'no-store').send(answer)
  })
}

const grantToken = async (options: OAuthOptions, request: FastifyRequest): Promise<TokenAnswer> => {
  const parameters = formOf(request)
  const client = await authenticateClient(options.oauth, request, parameters)
  const named = required(parameters, 'grant_type')
  const grantType = GRANT_TYPES.find((known) => known === named)
  if (grantType === undefined) {
    throw new OAuthError('unsupported_grant_type', 'There is no such grant type here.')
  }
  requireGrant(client, grantType)
  return GRANTS[grantType](options, { client, parameters })
}

const clientCredentials: Grant = async (options, { client, parameters }) => {
  const scopes = askedScopes(parameters, client)
  const named = parameters.get('tenant')
  const tenants = client.tenants.filter(
    (tenant) => named === undefined || tenant === tenantOf(named),
  )
  if (tenants.length === 0) {
    throw new OAuthError('invalid_request', 'The client does not act in this tenant.')
  }
  const lifetimeSeconds = OAUTH_TOKEN_LIFETIME_SECONDS
  const { token } = await options.issuer.issue({
    ...{ subject: client.id, kind: 'client', clientId: client.id },
    ...{ tenants, scopes, lifetimeSeconds },
  })
  return answerOf(token, scopes)
}

const tenantOf = (named: string): string | undefined => tenantIdSchema.safeParse(named).data

/**
 * The refresh token is made before the code is used up: whoever comes second, and revokes what was made from the code,
 * is then sure to find it.
 */
const authorizationCode: Grant = async (options, { client, parameters }) => {
  const { oauth, refreshTokens } = options
  const code = required(parameters, 'code')
  const redirectUri = required(parameters, 'redirect_uri')
  const verifier = required(parameters, 'code_verifier')
  const issued = await oauth.findCode(code)
  if (issued === undefined || issued.state === 'expired') throw deadCode()
  const { tenantId, userId, scopes, family } = issued
  if (issued.state === 'used') {
    await refreshTokens.revokeFamily({ tenantId, userId }, family)
    throw deadCode()
  }
  const isItsOwner = issued.clientId === client.id && issued.redirectUri === redirectUri
  if (!matchesChallenge(verifier, issued.codeChallenge) || !isItsOwner) {
    await oauth.useCode(code) // it is in the wrong hands
    throw deadCode()
  }
  const answer = await tokenForUser(options, { client, delegation: issued, scopes })
  const refreshToken = await startFamily(options, client, issued, family)
  if (!(await oauth.useCode(code))) {
    await refreshTokens.revokeFamily({ tenantId, userId }, family)
    throw deadCode()
  }
  return unlessOver(options, issued, { ...answer, ...refreshToken })
}

const deviceCode: Grant = async (options, { client, parameters }) => {
  const polled = await options.oauth.pollDevice(required(parameters, 'device_code'), client.id)
  if (polled.kind !== 'approved') throw notYet(polled.kind)
  const { consent } = polled
  const { scopes } = consent
  const answer = await tokenForUser(options, { client, delegation: consent, scopes })
  const refreshToken = await startFamily(options, client, consent)
  return unlessOver(options, consent, { ...answer, ...refreshToken })
}

/**
 * A new password ends what was agreed to under the one before. It ends refresh tokens by itself, but for those that are
 * made after it: so it is looked for when they are there.
 */
const unlessOver = async (
  options: OAuthOptions,
  consent: Consent,
  answer: TokenAnswer,
): Promise<TokenAnswer> => {
  if (await isStillAgreed(options, consent)) return answer
  if (answer.refresh_token !== undefined) await options.refreshTokens.revoke(answer.refresh_token)
  throw new OAuthError(
    'invalid_grant',
    'The user has another password by now, and has to agree anew.',
  )
}

const refreshToken: Grant = async (options, { client, parameters }) => {
  const { refreshTokens } = options
  const token = required(parameters, 'refresh_token')
  const asked = namedScopes(parameters)
  const granted = (await refreshTokens.find(token))?.delegation
  // Before the token is used up: who asks for too much may ask again.
  if (granted?.clientId === client.id && asked !== undefined) {
    const isWider = within(asked, granted.scopes).length < asked.length
    if (isWider || asked.length === 0) {
      throw new OAuthError('invalid_scope', 'This was not granted to begin with.')
    }
  }
  const rotated = await refreshTokens.rotate(token, client.id)
  if (rotated?.grant.delegation === undefined) {
    throw new OAuthError(
      'invalid_grant',
      'The refresh token is not valid, was used before, or has expired.',
    )
  }
  const { tenantId, userId } = rotated.grant
  const delegation = { tenantId, userId, ...rotated.grant.delegation }
  const scopes = asked ?? delegation.scopes
  const answer = await tokenForUser(options, { client, delegation, scopes })
  return { ...answer, refresh_token: rotated.next }
}

const GRANTS: Readonly<Record<GrantType, Grant>> = {
  client_credentials: clientCredentials,
  authorization_code: authorizationCode,
  refresh_token: refreshToken,
  [DEVICE_CODE_GRANT]: deviceCode,
}

type UserToken = Readonly<{
  client: OAuthClient
  delegation: Delegation
  scopes: readonly Scope[]
}>

/** With what the user has now: scopes that were taken away since are not in it. */
const tokenForUser = async (
  { application, issuer }: OAuthOptions,
  { client, delegation, scopes }: UserToken,
): Promise<TokenAnswer> => {
  const { tenantId, userId } = delegation
  const user = await application.users.get(tenantId, userId)
  if (user === undefined) throw new OAuthError('invalid_grant', 'There is no such user any more.')
  const granted = within(within(scopes, client.scopes), user.scopes)
  if (granted.length === 0) throw noScopeLeft()
  const lifetimeSeconds = OAUTH_TOKEN_LIFETIME_SECONDS
  const { token } = await issuer.issue({
    ...{ subject: userId, kind: 'user', clientId: client.id },
    ...{ tenants: [tenantId], scopes: granted, lifetimeSeconds },
  })
  return answerOf(token, granted)
}

const startFamily = async (
  { refreshTokens }: OAuthOptions,
  client: OAuthClient,
  { tenantId, userId, scopes }: Delegation,
  family?: string,
): Promise<Pick<TokenAnswer, 'refresh_token'>> => {
  if (!client.grantTypes.includes('refresh_token')) return {}
  const delegation = { clientId: client.id, scopes }
  return { refresh_token: await refreshTokens.create({ tenantId, userId, delegation }, family) }
}

const answerOf = (token: string, scopes: readonly Scope[]): TokenAnswer => ({
  access_token: token,
  token_type: 'Bearer',
  expires_in: OAUTH_TOKEN_LIFETIME_SECONDS,
  scope: scopes.join(' '),
})

const deadCode = (): OAuthError =>
  new OAuthError('invalid_grant', 'The code is not valid here, was used before, or has expired.')

const notYet = (kind: Exclude<DevicePoll['kind'], 'approved'>): OAuthError => {
  switch (kind) {
    case 'pending':
      return new OAuthError('authorization_pending', 'The user has not answered yet.')
    case 'slow_down':
      return new OAuthError('slow_down', 'Ask less often: five seconds more between requests.')
    case 'denied':
      return new OAuthError('access_denied', 'The user refused.')
    case 'expired':
      return new OAuthError('expired_token', 'The device code has expired.')
    case 'unknown':
      return new OAuthError('invalid_grant', 'There is no such device code.')
  }
}
