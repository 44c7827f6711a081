// What a URL says, as far as that can be known without asking anybody: scheme, host and port, or why it is refused.
import type { OutboundRefusal } from '../../core/outbound.ts'
import { isAllowedAddress, type OutboundPolicy, plainAddress } from './addresses.ts'

/** `url` has a host that all readers read alike. `address`: the host, when it is one. */
export type Target = Readonly<{ kind: 'target'; url: URL; host: string; address?: string }>
export type Refused = Readonly<{ kind: 'refused'; reason: OutboundRefusal }>

const MAX_URL_LENGTH = 2_048
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 }
const SECURE_PORTS: ReadonlySet<number> = new Set([443, 8443])
const FIRST_UNPRIVILEGED_PORT = 1_024

export const refused = (reason: OutboundRefusal): Refused => ({ kind: 'refused', reason })

export const readTarget = (text: string, policy: OutboundPolicy): Target | Refused => {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || text.length > MAX_URL_LENGTH) return refused('malformed')
  if (scheme !== 'https' && !(scheme === 'http' && policy === 'insecure')) return refused('scheme')
  const authority = plainAuthority(text)
  if (authority === undefined || !URL.canParse(text)) return refused('malformed')
  // Also an empty one: what stands before the @ is a host to some readers.
  if (authority.includes('@')) return refused('credentials')
  const url = new URL(text)
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port)
  if (port === undefined || !isAllowedPort(port, policy)) return refused('port')
  return readHost(url, policy)
}

/**
 * Between `//` and the path. Undefined where a browser's parser would mend something that others take as it is: white
 * space and control characters, which it drops, and backslashes and missing slashes.
 */
const plainAuthority = (text: string): string | undefined =>
  /[\u0000-\u0020\u007f\\]/.test(text) ? undefined : /^[a-z]+:\/\/([^/?#]+)/i.exec(text)?.[1]

const isAllowedPort = (port: number, policy: OutboundPolicy): boolean =>
  SECURE_PORTS.has(port) ||
  (policy === 'insecure' && (port === DEFAULT_PORTS['http:'] || port >= FIRST_UNPRIVILEGED_PORT))

// The parser has made decimal, octal, hexadecimal, short, percent-encoded and full-width forms into plain ones.
const readHost = (url: URL, policy: OutboundPolicy): Target | Refused => {
  const bare = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const address = plainAddress(bare)
  if (address !== undefined) {
    return isAllowedAddress(bare, policy)
      ? { kind: 'target', url, host: bare, address }
      : refused('address')
  }
  const host = bare.replace(/\.$/, '')
  if (!isAllowedName(host, policy)) return refused('name')
  url.hostname = host
  return { kind: 'target', url, host }
}

const MAX_NAME_LENGTH = 253
const NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Ends of names for this machine or the network around it, or that are nothing public by RFC 6761 and others. */
const LOCAL_ENDS = [
  ...[
    'localhost',
    'localdomain',
    'local',
    'internal',
    'intranet',
    'private',
    'corp',
    'home',
    'lan',
  ],
  ...['home.arpa', 'in-addr.arpa', 'ip6.arpa', 'cluster.local', 'test', 'invalid', 'onion', 'alt'],
]
const METADATA_NAMES = [
  'metadata.google.internal',
  'metadata',
  'instance-data',
  'metadata.azure.com',
]
const endsWithAny = (name: string, ends: readonly string[]): boolean =>
  ends.some((end) => name === end || name.endsWith(`.${end}`))

const isAllowedName = (name: string, policy: OutboundPolicy): boolean => {
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name)) return false
  if (endsWithAny(name, METADATA_NAMES)) return false
  return policy === 'insecure' || (name.includes('.') && !endsWithAny(name, LOCAL_ENDS))
}
