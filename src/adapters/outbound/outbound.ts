// The guard over undici. Order matters: read the URL, resolve its name once, check every address, connect to one of
// those.
import { Fault } from '../../core/fault.ts'
import type { Logger } from '../../core/logger.ts'
import type { Outbound, OutboundLines, OutboundVerdict } from '../../core/outbound.ts'
import { startDeadline } from './deadline.ts'
import { type LineParts, openLine } from './line.ts'
import { createResolveName, type ResolveName } from './names.ts'
import { createFindWay } from './way.ts'

const CHECK_DEADLINE_MS = 3_000
const MAX_CHECKS_AT_ONCE = 100

export type OutboundOptions = Readonly<{
  allowInsecure: boolean
  logger: Logger
  resolve?: ResolveName
  ca?: readonly string[] // certificates to trust instead of the usual ones
}>

export const createOutbound = (options: OutboundOptions): Outbound & OutboundLines => {
  const { allowInsecure, logger, resolve = createResolveName(), ca } = options
  if (allowInsecure) {
    logger.warn(
      {},
      'WEBHOOKS_ALLOW_INSECURE is true: webhooks and callbacks may be sent in plain text, and to addresses ' +
        'inside this network. For development only',
    )
  }
  const findWay = createFindWay(allowInsecure ? 'insecure' : 'public', resolve)
  const onRefused: LineParts['onRefused'] = (reason) => {
    logger.debug({ reason }, 'did not call an address')
  }
  let checks = 0
  const check = async (url: string): Promise<OutboundVerdict> => {
    if (checks >= MAX_CHECKS_AT_ONCE) {
      throw new Fault('overloaded', 'too many addresses are being checked')
    }
    checks += 1
    const deadline = startDeadline(CHECK_DEADLINE_MS)
    try {
      const way = await findWay(url, deadline.signal)
      if (way.kind === 'way') return { kind: 'allowed' }
      logger.debug({ reason: way.reason }, 'refused an address')
      return way
    } finally {
      deadline.clear()
      checks -= 1
    }
  }
  return {
    check,
    post: async ({ url, signal, ...request }) => {
      const stop = signal === undefined ? {} : { signal }
      const line = openLine(
        { url, connections: 1, ...stop },
        { findWay, ca, keepsAlive: false, onRefused },
      )
      try {
        return (await line.post(request)).outcome
      } finally {
        await line.close()
      }
    },
    open: (line) => openLine(line, { findWay, ca, keepsAlive: true, onRefused }),
  }
}
