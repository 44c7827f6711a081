// Which IP addresses may be called. What is allowed is listed, not what is forbidden: a range that nobody thought of is
// refused.
import ipaddr from 'ipaddr.js'

/** What the guard lets through. `insecure` is for development: plain HTTP, and receivers here or beside us. */
export type OutboundPolicy = 'public' | 'insecure'

const RANGES: Readonly<Record<OutboundPolicy, ReadonlySet<string>>> = {
  public: new Set(['unicast']),
  insecure: new Set(['unicast', 'loopback', 'private', 'uniqueLocal']),
}

// Where cloud machines learn their credentials. The first looks public, the others would pass the insecure policy.
const METADATA_ADDRESSES = new Set(['168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'])

/** IPv6 that is given out for the public network; whatever is outside of it and called unicast has no meaning yet. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/** An address as text, one spelling each and IPv4 in IPv6 as IPv4; undefined when it is none. */
export const plainAddress = (text: string): string | undefined =>
  isAddress(text) ? ipaddr.process(text).toString() : undefined

export const isAllowedAddress = (text: string, policy: OutboundPolicy): boolean => {
  if (!isAddress(text)) return false
  const address = ipaddr.process(text)
  if (METADATA_ADDRESSES.has(address.toString())) return false
  const range = address.range()
  if (range === 'unicast' && address instanceof ipaddr.IPv6 && !address.match(GLOBAL_IPV6)) {
    return false
  }
  return RANGES[policy].has(range)
}

// Four decimal parts only: shorter, octal and hexadecimal forms mean different things to different readers.
const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
