// Where a call may go: the URL is read, its name asked for once, and every address that it has checked.
import { isAllowedAddress, type OutboundPolicy, plainAddress } from './addresses.ts'
import type { ResolveName } from './names.ts'
import { readTarget, type Refused, refused, type Target } from './target.ts'

/** A name with more would make us knock at many doors for one call. */
const MAX_ADDRESSES = 16

/** What a call needs: where it is to go, and the addresses that it may go to. `dnsMs`: when a name was asked for. */
export type Way = Readonly<{
  kind: 'way'
  origin: string
  path: string // with the query
  addresses: readonly string[]
  dnsMs: number | undefined
}>
export type FindWay = (url: string, signal: AbortSignal) => Promise<Way | Refused>

export const createFindWay =
  (policy: OutboundPolicy, resolve: ResolveName): FindWay =>
  async (text, signal) => {
    const target = readTarget(text, policy)
    if (target.kind === 'refused') return target
    const startedAt = performance.now()
    const found = await addressesOf(target, { resolve, signal })
    if (found.length === 0) return refused('unresolved')
    const addresses = found.flatMap((address) => plainAddress(address) ?? [])
    const areFine =
      addresses.length === found.length &&
      found.length <= MAX_ADDRESSES &&
      found.every((address) => isAllowedAddress(address, policy))
    if (!areFine) return refused('address')
    const dnsMs = target.address === undefined ? performance.now() - startedAt : undefined
    const { origin, pathname, search } = target.url
    return { kind: 'way', origin, path: `${pathname}${search}`, addresses, dnsMs }
  }

type Asking = Readonly<{ resolve: ResolveName; signal: AbortSignal }>

const addressesOf = async (
  { host, address }: Target,
  { resolve, signal }: Asking,
): Promise<readonly string[]> => {
  if (address !== undefined) return [address]
  if (signal.aborted) return []
  const gaveUp = new Promise<readonly string[]>((settle) => {
    signal.addEventListener('abort', () => settle([]), { once: true })
  })
  return Promise.race([resolve(host, signal).catch(() => []), gaveUp])
}
