// Devices without a browser (RFC 8628): one route that starts them, and pages on which their user types the short code,
// sees what it is for, signs in and agrees.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  DEVICE_CODE_GRANT,
  DEVICE_INTERVAL_SECONDS,
  DEVICE_LIFETIME_SECONDS,
  type DeviceRequest,
  type OAuthClient,
} from '../../../core/oauth.ts'
import { createSignInLimit, type SignInLimit } from '../accounts/sign-in-limit.ts'
import { authenticateClient, requireGrant } from './client-authentication.ts'
import { docOf } from './documents.ts'
import { toOAuthError } from './errors.ts'
import { FORM_TOKEN, type FormTokens } from './form-token.ts'
import { html } from './html.ts'
import { DEVICE_LIMITS, type OAuthOptions, USER_CODE_LIMITS } from './options.ts'
import { consentForm, sendPage, sendRefusal, userCodeForm } from './pages.ts'
import { formOf, queryOf } from './parameters.ts'
import { askedScopes, askedTenant, within } from './scopes.ts'
import { type SignIn, WRONG_CREDENTIALS } from './sign-in.ts'

export const installDeviceStart = (scope: FastifyInstance, options: OAuthOptions): void => {
  const limit = createSignInLimit(DEVICE_LIMITS)
  const page = `${options.settings.publicUrl}/oauth/device`
  scope.post('/oauth/device_authorization', docOf('authorizeDevice'), async (request, reply) => {
    const parameters = formOf(request)
    const client = await authenticateClient(options.oauth, request, parameters)
    requireGrant(client, DEVICE_CODE_GRANT)
    const scopes = askedScopes(parameters, client)
    const tenantId = askedTenant(parameters, client)
    await limit.countAddress(request.ip)
    const started = await options.oauth.startDevice({ clientId: client.id, tenantId, scopes })
    return reply.header('cache-control', 'no-store').send({
      device_code: started.deviceCode,
      user_code: started.userCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${started.userCode}`,
      expires_in: DEVICE_LIFETIME_SECONDS,
      interval: DEVICE_INTERVAL_SECONDS,
    })
  })
}

type Parts = Readonly<{ options: OAuthOptions; formTokens: FormTokens; signIn: SignIn }>
type Exchange = Readonly<{ request: FastifyRequest; reply: FastifyReply }>
type Waiting = Readonly<{ userCode: string; device: DeviceRequest; client: OAuthClient }>
type Problem = Readonly<{ status: number; problem: string }>

export const installDevicePages = (scope: FastifyInstance, parts: Parts): void => {
  const guesses = createSignInLimit(USER_CODE_LIMITS)
  scope.get('/oauth/device', docOf('device'), async (request, reply) =>
    askForCode(parts, { request, reply }, queryOf(request).get('user_code') ?? ''),
  )
  scope.post('/oauth/device', docOf('answerDevice'), async (request, reply) => {
    const form = formOf(request)
    const exchange = { request, reply }
    if (!parts.formTokens.isGood(request, form)) {
      return sendRefusal(reply, 403, 'This page is out of date. Go back to where you came from.')
    }
    const userCode = form.get('user_code') ?? ''
    const found = await findWaiting(parts.options, guesses, { address: request.ip, userCode })
    if ('problem' in found) {
      reply.headers(found.headers)
      return askForCode(parts, exchange, userCode, found)
    }
    switch (form.get('decision')) {
      case 'allow':
        return allow(parts, exchange, found)
      case 'deny':
        await parts.options.oauth.answerDevice(userCode, null)
        return sendDone(reply, 'You refused. The device gets nothing.')
      default:
        return showConsent(parts, exchange, found)
    }
  })
}

const findWaiting = async (
  { oauth }: OAuthOptions,
  guesses: SignInLimit,
  { address, userCode }: Readonly<{ address: string; userCode: string }>,
): Promise<Waiting | (Problem & Readonly<{ headers: Readonly<Record<string, string>> }>)> => {
  try {
    await guesses.countAddress(address)
  } catch (error) {
    const { status, message, headers } = toOAuthError(error)
    return { status, problem: message, headers }
  }
  const device = await oauth.findDevice(userCode)
  const client = device === undefined ? undefined : await oauth.findClient(device.clientId)
  if (device !== undefined && client !== undefined) return { userCode, device, client }
  return { status: 400, problem: 'No device waits under this code.', headers: {} }
}

const askForCode = (
  { formTokens }: Parts,
  { request, reply }: Exchange,
  userCode: string,
  again?: Problem,
): FastifyReply => {
  const hidden = { [FORM_TOKEN]: formTokens.give(request, reply) }
  const { status = 200, ...said } = again ?? {}
  return sendPage(reply, {
    status,
    title: 'Connect a device',
    body: userCodeForm(hidden, { userCode, ...said }),
  })
}

const showConsent = (
  { formTokens }: Parts,
  { request, reply }: Exchange,
  { userCode, device, client }: Waiting,
  again?: Problem,
): FastifyReply => {
  const { scopes, tenantId } = device
  const hidden = { user_code: userCode, [FORM_TOKEN]: formTokens.give(request, reply) }
  const { status = 200, ...said } = again ?? {}
  const username = formOf(request).get('username') ?? ''
  return sendPage(reply, {
    status,
    title: 'Allow access?',
    body: consentForm({
      ...{ action: 'device', clientName: client.name, scopes, tenantId, hidden, username },
      ...said,
    }),
  })
}

const allow = async (parts: Parts, exchange: Exchange, waiting: Waiting): Promise<FastifyReply> => {
  const { options, signIn } = parts
  const { request, reply } = exchange
  const { tenantId, scopes } = waiting.device
  const form = formOf(request)
  const user = await signIn({ tenantId, form, address: request.ip }).catch((error: unknown) => {
    const { status, message, headers } = toOAuthError(error)
    reply.headers(headers)
    return { status, problem: message }
  })
  if (user === undefined || 'problem' in user) {
    const said = user ?? { status: 400, problem: WRONG_CREDENTIALS }
    return showConsent(parts, exchange, waiting, said)
  }
  if (within(scopes, user.scopes).length === 0) {
    const problem = 'Nothing that the device asks for is yours to allow.'
    return showConsent(parts, exchange, waiting, { status: 400, problem })
  }
  const { userId, signInMark } = user
  const isInTime = await options.oauth.answerDevice(waiting.userCode, { userId, signInMark })
  if (!isInTime) return sendRefusal(reply, 400, 'The device does not wait any more.')
  return sendDone(reply, 'Done. You can go back to your device.')
}

const sendDone = (reply: FastifyReply, sentence: string): FastifyReply =>
  sendPage(reply, { title: 'Connect a device', body: html`<p>${sentence}</p>` })
