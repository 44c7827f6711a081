// How who may come in comes in, by sub-protocol; and how what `ws` tells of a connection finds its record.
import type { RawData, WebSocket, WebSocketServer } from 'ws'
import { destroyOnError, ProblemError, type Upgrade } from '../http/host.ts'
import { BARE, beginBare } from './bare.ts'
import { bareRequestOf } from './bare-request.ts'
import { type Client, createClient, type House, settle, type Speech, vacate } from './client.ts'
import { TALK } from './connection.ts'
import { hangUp } from './line.ts'
import { felt } from './pulse.ts'

export type DoorOptions = Readonly<{
  house: House
  wss: WebSocketServer
  isStopped: () => boolean
  stopped: () => ProblemError
}>

export type Door = Readonly<Record<'accept' | 'acceptBare', (upgrade: Upgrade) => void>>

export const createDoor = ({ house, wss, isStopped, stopped }: DoorOptions): Door => {
  const { common, pending, clients } = house

  const accept = (upgrade: Upgrade, speech: Speech): Client | undefined => {
    const { request, socket, head, address } = upgrade
    let client: Client | undefined
    wss.handleUpgrade(request, socket, head, (ws) => {
      pending.add(address, 1)
      client = createClient({ house, speech, ws, socket, address, conn: common.ids() })
      listen(client)
      clients.add(client)
      socket.off('error', destroyOnError) // ws has its own
    })
    return client
  }

  /** Who is asking must be known first: until then it is one that waits. */
  const acceptBare = async (upgrade: Upgrade): Promise<void> => {
    const { request, socket, address } = upgrade
    pending.add(address, 1)
    try {
      const wanted = await bareRequestOf(request, address, common)
      if (socket.destroyed) return
      if (isStopped()) return upgrade.refuse(stopped())
      const client = accept(upgrade, BARE)
      if (client !== undefined) beginBare(client, wanted)
    } catch (cause) {
      if (cause instanceof ProblemError) return upgrade.refuse(cause)
      common.logger.error({ cause }, 'a token could not be checked')
      upgrade.refuse(new ProblemError('service-unavailable', 'The token cannot be checked now.'))
    } finally {
      pending.add(address, -1)
    }
  }

  return {
    accept: (upgrade) => void accept(upgrade, TALK),
    acceptBare: (upgrade) => void acceptBare(upgrade),
  }
}

type Told = WebSocket & Readonly<{ client: Client }>

/**
 * Listeners would cost a dictionary and their closures on each connection: one function, which is the
 * same for all, is told instead what `ws` has to tell.
 */
const listen = (client: Client): void => {
  Object.assign(client.ws, { client, emit: tell })
}

function tell(this: Told, event: string, data?: RawData, isBinary?: boolean): boolean {
  const { client } = this
  switch (event) {
    case 'message':
      felt(client)
      if (data !== undefined) client.speech.hear(client, data, isBinary === true)
      return true
    case 'pong':
      felt(client)
      return true
    case 'close':
      hangUp(client)
      settle(client)
      vacate(client)
      client.house.clients.delete(client)
      return true
    default:
      return false // what an error leads to is told by the close
  }
}
