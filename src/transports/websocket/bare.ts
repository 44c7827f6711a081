// The sub-protocol `cloudevents.json`: one subscription a connection, asked for in the request that opens
// it, and nothing but CloudEvents on it. What makes no sense is refused before the upgrade, in HTTP; how it
// ends, the close code says. Who comes back gives the `cursor` of the last event it got.
import type { RefusalReason } from '../feed/types.ts'
import type { BareRequest } from './bare-request.ts'
import {
  type Channel,
  type Client,
  enlist,
  NO_CHANNELS,
  settle,
  type Speech,
  vacate,
} from './client.ts'
import { BARE_SINK, detach, join } from './flow.ts'
import { leave } from './line.ts'
import { CLOSE, type CloseCode } from './protocol.ts'
import { ping } from './pulse.ts'

export const BARE: Speech = {
  isBare: true,
  hear: (client) => leave(client, CLOSE.malformed), // nothing is said to the server
  end(client) {
    for (const channel of client.channels) detach(channel)
    client.channels = NO_CHANNELS
    vacate(client)
    return undefined
  },
  watch(client) {
    const expiresAtMs = client.audience?.expiresAtMs ?? Infinity
    if (expiresAtMs <= client.house.common.clock()) leave(client, CLOSE.tokenExpired)
    else ping(client)
  },
}

export const beginBare = (client: Client, { audience, filter, position }: BareRequest): void => {
  client.audience = audience
  const refused = enter(client, { audience, filter, position })
  if (refused !== undefined) leave(client, REFUSED[refused])
  settle(client)
}

const enter = (client: Client, request: BareRequest): RefusalReason | undefined => {
  const { audience, filter, position } = request
  const outcome = enlist(client, audience, showOut)
  if (outcome.kind === 'refused') return outcome.reason
  const channel: Channel = {
    client,
    id: 0,
    ch: '',
    audience,
    filter,
    latestOnly: false,
    credit: Infinity,
    position,
    delivered: 0,
    subscription: undefined,
  }
  client.channels = [channel]
  return join(channel, BARE_SINK)?.reason
}

const showOut = (client: Client): void => leave(client, CLOSE.forbidden)

const REFUSED: Readonly<Record<RefusalReason, CloseCode>> = {
  principal_limit: CLOSE.limit,
  tenant_limit: CLOSE.limit,
  total_limit: CLOSE.unavailable,
  stopped: CLOSE.drain,
  revoked: CLOSE.forbidden,
}
