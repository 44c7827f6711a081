// Whom an address stands for when callers are counted by it.
import { isIPv6 } from 'node:net'

/** One subscriber has a whole /64 of IPv6 addresses to choose from. An IPv4 address in IPv6 form stands for itself. */
export const networkOf = (address: string): string => {
  if (!isIPv6(address) || address.includes('.')) return address.replace(/^::ffff:/i, '')
  const [head = '', tail] = address.split('%', 1)[0]?.toLowerCase().split('::') ?? []
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  return `${groups.slice(0, 4).map(withoutLeadingZeros).join(':')}::/64`
}

const withoutLeadingZeros = (group: string): string => group.replace(/^0+(?=.)/, '')
