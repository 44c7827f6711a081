// Asks the DNS for the addresses of a name. Not through the system's own lookup: that one reads /etc/hosts, appends
// search domains, and holds one of the few threads that passwords and files need for as long as a stranger's name
// server likes.
import { Resolver } from 'node:dns/promises'

/** All addresses of a name; none when there are none, or when nobody could say. */
export type ResolveName = (name: string, signal: AbortSignal) => Promise<readonly string[]>

const TRY_TIMEOUT_MS = 2_000
const TRIES = 2

/** `servers`: other name servers than those of the system, as `address:port`. */
export const createResolveName =
  (servers?: readonly string[]): ResolveName =>
  async (name, signal) => {
    if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1'] // RFC 6761
    const resolver = new Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES })
    if (servers !== undefined) resolver.setServers(servers)
    const cancel = (): void => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const families = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      return families.flatMap((found) => (found.status === 'fulfilled' ? found.value : []))
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
