// GET and POST /oauth/authorize: a client sends its user here to sign in and to agree. What is wrong with the client or
// with where it wants the answer is shown and goes nowhere; all else is answered to the client.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Scope } from '../../../core/auth.ts'
import type { TenantId } from '../../../core/ids.ts'
import { allowsRedirectUri } from '../../../core/oauth-clients.ts'
import type { OAuthClient } from '../../../core/oauth.ts'
import { requireGrant } from './client-authentication.ts'
import { docOf } from './documents.ts'
import { OAuthError, toOAuthError } from './errors.ts'
import { FORM_TOKEN, type FormTokens } from './form-token.ts'
import type { OAuthOptions } from './options.ts'
import { consentForm, sendPage, sendRefusal } from './pages.ts'
import { formOf, type Parameters, queryOf } from './parameters.ts'
import { isChallenge } from './pkce.ts'
import { askedScopes, askedTenant, noScopeLeft, within } from './scopes.ts'
import { type SignIn, WRONG_CREDENTIALS } from './sign-in.ts'

type Parts = Readonly<{ options: OAuthOptions; formTokens: FormTokens; signIn: SignIn }>

/** Where the answer goes. */
type Return = Readonly<{ redirectUri: string; state: string | undefined }>
type Asked = Return &
  Readonly<{
    client: OAuthClient
    scopes: readonly Scope[]
    tenantId: TenantId
    codeChallenge: string
  }>

export const installAuthorizeRoutes = (scope: FastifyInstance, parts: Parts): void => {
  scope.get('/oauth/authorize', docOf('authorize'), (request, reply) =>
    withAsked(parts, { request, reply, parameters: queryOf(request) }, (asked) =>
      showConsent(parts, { request, reply }, asked),
    ),
  )
  scope.post('/oauth/authorize', docOf('answerAuthorize'), (request, reply) => {
    const form = formOf(request)
    if (!parts.formTokens.isGood(request, form)) {
      return sendRefusal(reply, 403, 'This page is out of date. Go back to where you came from.')
    }
    return withAsked(parts, { request, reply, parameters: form }, (asked) =>
      answer(parts, { request, reply }, asked),
    )
  })
}

type Exchange = Readonly<{ request: FastifyRequest; reply: FastifyReply }>

/** Reads and checks the request, in the order in which it becomes safe to answer the client. */
const withAsked = async (
  { options }: Parts,
  { reply, parameters }: Exchange & Readonly<{ parameters: Parameters }>,
  work: (asked: Asked) => Promise<FastifyReply>,
): Promise<FastifyReply> => {
  const client = await options.oauth.findClient(parameters.get('client_id') ?? '')
  if (client === undefined) return sendRefusal(reply, 400, 'The client is not known here.')
  const redirectUri = parameters.get('redirect_uri') ?? ''
  if (!allowsRedirectUri(client.redirectUris, redirectUri)) {
    return sendRefusal(reply, 400, 'The redirect URI is not one of the client’s.')
  }
  const to = { redirectUri, state: parameters.get('state') }
  try {
    return await work({ ...to, client, ...readAsked(parameters, client) })
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return sendBack(options, reply, to, { error: error.code, error_description: error.message })
  }
}

const readAsked = (parameters: Parameters, client: OAuthClient) => {
  requireGrant(client, 'authorization_code')
  if (parameters.get('response_type') !== 'code') {
    throw new OAuthError('unsupported_response_type', 'The response type must be code.')
  }
  if ((parameters.get('response_mode') ?? 'query') !== 'query') {
    throw new OAuthError('invalid_request', 'The response mode must be query.')
  }
  const codeChallenge = parameters.get('code_challenge') ?? ''
  if (parameters.get('code_challenge_method') !== 'S256' || !isChallenge(codeChallenge)) {
    throw new OAuthError('invalid_request', 'PKCE with the method S256 is required.')
  }
  const scopes = askedScopes(parameters, client)
  return { scopes, tenantId: askedTenant(parameters, client), codeChallenge }
}

const showConsent = async (
  { formTokens }: Parts,
  { request, reply }: Exchange,
  asked: Asked,
  again: Readonly<{ status: number; problem: string; username: string }> | undefined = undefined,
): Promise<FastifyReply> => {
  const { client, redirectUri, state, scopes, tenantId, codeChallenge } = asked
  const hidden = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: redirectUri,
    ...(state === undefined ? {} : { state }),
    scope: scopes.join(' '),
    tenant: tenantId,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    [FORM_TOKEN]: formTokens.give(request, reply),
  }
  const { status = 200, ...said } = again ?? {}
  return sendPage(reply, {
    status,
    title: 'Allow access?',
    body: consentForm({
      ...{ action: 'authorize', clientName: client.name, scopes, tenantId, hidden },
      ...said,
    }),
    formTarget: formTargetOf(redirectUri),
  })
}

const answer = async (parts: Parts, exchange: Exchange, asked: Asked): Promise<FastifyReply> => {
  const { options, signIn } = parts
  const { request, reply } = exchange
  const form = formOf(request)
  if (form.get('decision') !== 'allow') {
    throw new OAuthError('access_denied', 'The user refused.')
  }
  const { client, tenantId, redirectUri, codeChallenge } = asked
  const username = form.get('username') ?? ''
  const user = await signIn({ tenantId, form, address: request.ip }).catch((error: unknown) => {
    const { status, message, headers } = toOAuthError(error)
    reply.headers(headers)
    return { status, problem: message }
  })
  if (user === undefined || 'problem' in user) {
    const said = user ?? { status: 400, problem: WRONG_CREDENTIALS }
    return showConsent(parts, exchange, asked, { ...said, username })
  }
  const scopes = within(asked.scopes, user.scopes)
  if (scopes.length === 0) throw noScopeLeft()
  const { userId, signInMark } = user
  const grant = { clientId: client.id, tenantId, userId, signInMark, scopes }
  const code = await options.oauth.createCode({ ...grant, redirectUri, codeChallenge })
  return sendBack(options, reply, asked, { code })
}

/** With `iss` (RFC 9207), so that a client of several servers knows whose answer it is. */
const sendBack = (
  { settings }: OAuthOptions,
  reply: FastifyReply,
  { redirectUri, state }: Return,
  outcome: Readonly<Record<string, string>>,
): FastifyReply => {
  const parameters = new URLSearchParams({
    ...outcome,
    ...(state === undefined ? {} : { state }),
    iss: settings.publicUrl,
  })
  const joint = redirectUri.includes('?') ? '&' : '?'
  return reply
    .code(303)
    .removeHeader('access-control-allow-origin')
    .headers({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      location: `${redirectUri}${joint}${parameters.toString()}`,
    })
    .send()
}

/** Browsers hold a form to its policy through redirects too. It cannot name an IPv6 address or an app but by scheme. */
const formTargetOf = (redirectUri: string): string => {
  const { protocol, host } = new URL(redirectUri)
  const isNameable = (protocol === 'https:' || protocol === 'http:') && !host.startsWith('[')
  return isNameable ? `${protocol}//${host}` : protocol
}
