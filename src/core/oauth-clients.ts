// What may be registered as a client, and which redirect URIs are one of its own.
import { type ClientDefinition, DEVICE_CODE_GRANT } from './oauth.ts'

export const CLIENT_LIMITS = {
  nameLength: 100,
  redirectUris: 20,
  redirectUriLength: 512,
  tenants: 100, // as many as a token may name
} as const

/** Why a client cannot be registered like this, as a sentence; undefined when it can. */
export const problemOfClient = (client: ClientDefinition): string | undefined => {
  const { name, kind, grantTypes, scopes, tenants, redirectUris } = client
  if (!isName(name)) {
    return `the name must have 1 to ${CLIENT_LIMITS.nameLength} printable characters`
  }
  if (grantTypes.length === 0) return 'a client needs a grant type'
  if (scopes.length === 0) return 'a client needs a scope'
  if (tenants.length === 0 || tenants.length > CLIENT_LIMITS.tenants) {
    return `a client needs 1 to ${CLIENT_LIMITS.tenants} tenants`
  }
  if (kind === 'public' && grantTypes.includes('client_credentials')) {
    return 'client_credentials needs a secret, which a public client cannot keep'
  }
  const isForUsers = grantTypes.includes('authorization_code')
  if (
    grantTypes.includes('refresh_token') &&
    !isForUsers &&
    !grantTypes.includes(DEVICE_CODE_GRANT)
  )
    return 'refresh_token goes with authorization_code or device_code'
  if (isForUsers !== redirectUris.length > 0) {
    return 'redirect URIs and the grant type authorization_code go together'
  }
  if (redirectUris.length > CLIENT_LIMITS.redirectUris) {
    return `a client may have ${CLIENT_LIMITS.redirectUris} redirect URIs at most`
  }
  const bad = redirectUris.find((uri) => !isRedirectUri(uri))
  return bad === undefined ? undefined : `"${bad}" cannot be a redirect URI: ${REDIRECT_URI_RULE}`
}

const isName = (name: string): boolean =>
  name.length <= CLIENT_LIMITS.nameLength && /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u.test(name)

export const REDIRECT_URI_RULE =
  'expected https://, http:// on 127.0.0.1, [::1] or localhost, or a scheme of your own such as ' +
  'org.example.app:/callback; without user, fragment or spaces'

/** Printable ASCII without what HTML, header fields and content security policies give a meaning to. */
const PLAIN = /^[A-Za-z0-9\-._~:/?[\]@!$&()*+=%]+$/
const WEB_HOST = /^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])$/
const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]', 'localhost']

/** May this be registered? Never a scheme that a browser runs, and never http: over a network. */
export const isRedirectUri = (text: string): boolean => {
  if (text.length > CLIENT_LIMITS.redirectUriLength || !PLAIN.test(text)) return false
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  if (url.protocol === 'https:') return text.startsWith('https://') && WEB_HOST.test(url.hostname)
  if (url.protocol === 'http:') {
    return text.startsWith('http://') && LOOPBACK_HOSTS.includes(url.hostname)
  }
  // RFC 8252, section 7.1: a reversed domain name, so that two apps do not claim one scheme.
  return /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(url.protocol)
}

/** Character by character, but for the port on this machine's own addresses (RFC 8252, section 7.3). */
export const allowsRedirectUri = (registered: readonly string[], asked: string): boolean => {
  if (!isRedirectUri(asked)) return false
  return registered.some((uri) => uri === asked || isSameButForPort(uri, asked))
}

const LOOPBACK_URI = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]))(?::\d{1,5})?((?:[/?].*)?)$/

const isSameButForPort = (registered: string, asked: string): boolean => {
  const [, host, rest] = LOOPBACK_URI.exec(registered) ?? []
  const [, askedHost, askedRest] = LOOPBACK_URI.exec(asked) ?? []
  return host !== undefined && host === askedHost && rest === askedRest
}
