// Which client is asking (RFC 6749, section 2.3). A confidential one proves it by its secret, in one way at a time; a
// public one only says so. Everything that can be wrong with it gets one answer.
import type { FastifyRequest } from 'fastify'
import type { GrantType, OAuthClient, OAuthStore } from '../../../core/oauth.ts'
import { OAuthError } from './errors.ts'
import type { Parameters } from './parameters.ts'

export const authenticateClient = async (
  store: OAuthStore,
  request: FastifyRequest,
  parameters: Parameters,
): Promise<OAuthClient> => {
  const clientId = parameters.get('client_id')
  const postedSecret = parameters.get('client_secret')
  const { authorization } = request.headers
  if (authorization === undefined) {
    if (clientId === undefined) throw invalidClient()
    return known(
      postedSecret === undefined
        ? await publicClient(store, clientId)
        : await store.authenticate(clientId, postedSecret),
    )
  }
  const basic = basicOf(authorization)
  if (basic === undefined) throw invalidClient()
  if (postedSecret !== undefined || (clientId ?? basic.id) !== basic.id) {
    throw new OAuthError('invalid_request', 'The client names itself in two ways.')
  }
  return known(await store.authenticate(basic.id, basic.secret))
}

export const requireGrant = (client: OAuthClient, grantType: GrantType): void => {
  if (client.grantTypes.includes(grantType)) return
  throw new OAuthError('unauthorized_client', 'The client may not use this grant type.')
}

const publicClient = async (
  store: OAuthStore,
  clientId: string,
): Promise<OAuthClient | undefined> => {
  const client = await store.findClient(clientId)
  return client?.kind === 'public' ? client : undefined
}

const known = (client: OAuthClient | undefined): OAuthClient => {
  if (client === undefined) throw invalidClient()
  return client
}

const invalidClient = (): OAuthError =>
  new OAuthError('invalid_client', 'There is no such client, or it did not prove itself.', {
    'www-authenticate': 'Basic realm="pawtrail"',
  })

/** Name and secret are form-encoded before they are joined and put into base64. */
const basicOf = (header: string): Readonly<{ id: string; secret: string }> | undefined => {
  const encoded = /^Basic +([\w+/=-]{1,1024}) *$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const [, id, secret] = /^([^:]+):(.+)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  const decoded = [id, secret].map((part) => formDecoded(part))
  if (decoded[0] === undefined || decoded[1] === undefined) return undefined
  return { id: decoded[0], secret: decoded[1] }
}

const formDecoded = (text: string | undefined): string | undefined => {
  if (text === undefined || text.includes('\0')) return undefined
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '))
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}
