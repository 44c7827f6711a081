// MQTT as the suite that runs over all transports drives it: whole CloudEvents at QoS 1, a filter
// for each pair of subject and type, and the checkpoints that the server tells of each filter.
import type { ISubscriptionGrant } from 'mqtt'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { CHECKPOINT_TOPIC } from '../../../src/transports/mqtt/topics.ts'
import { createQueue } from '../../contracts/transport/queue.ts'
import type { Connection, Delivered, Wanted } from '../../contracts/transport/types.ts'
import { listen } from './client.ts'

type Asked = Wanted & Readonly<{ url: string; protocolVersion: 4 | 5 }>
type Told = Readonly<{ filter: string; cursor: string; delivered: number }>

const FAILURE = 0x80

export const connect = async (asked: Asked): Promise<Connection> => {
  const { url, protocolVersion, token, tenant = SHARED_TENANT } = asked
  const events = createQueue<Delivered>()
  const told = new Map<string, Told>()
  const { client, close } = await listen(url, {
    protocolVersion,
    ...(token === undefined ? {} : { username: tenant, password: token }),
    onClient: (each) => {
      each.on('close', () => events.end())
      each.on('message', (topic, payload) => {
        const said: unknown = JSON.parse(payload.toString())
        if (topic !== CHECKPOINT_TOPIC) events.push(said as Delivered)
        else told.set((said as Told).filter, said as Told)
      })
    },
  })
  const filters = filtersOf(asked)
  try {
    const { after } = asked
    await client.subscribeAsync(CHECKPOINT_TOPIC, { qos: 0 })
    const isNamed = protocolVersion === 5 && after !== undefined
    const properties = isNamed ? { properties: { userProperties: { after } } } : {}
    accepted(await client.subscribeAsync([...filters], { qos: 1, ...properties }))
  } catch (refusal) {
    await close()
    throw refusal
  }
  return {
    events: events.items,
    checkpoint: () => commonOf(filters.map((filter) => told.get(filter))),
    freeze: () => {
      client.stream.unpipe()
      client.stream.pause()
    },
    drop: () => void client.stream.destroy(),
    close,
  }
}

/** MQTT 3.1.1 has a place for the cursor in the filter alone. */
const filtersOf = ({ tenant = SHARED_TENANT, filter, after, protocolVersion }: Asked) => {
  const root = tenant === SHARED_TENANT ? '' : `tenants/${tenant}/`
  const since = protocolVersion === 5 || after === undefined ? '' : `$since/${after}/`
  const { subjects = ['+/+'], types = ['#'] } = filter ?? {}
  const each = subjects.flatMap((subject) => types.map((type) => `events/${subject}/${type}`))
  return (filter === undefined ? ['events/#'] : each).map((relative) => since + root + relative)
}

const accepted = (granted: readonly ISubscriptionGrant[]): void => {
  const refused = granted.find(({ qos }) => qos >= FAILURE)
  if (refused !== undefined) throw new Error(`refused: ${refused.topic}`)
}

/** Each filter has a checkpoint of its own: together they are one where they agree. */
const commonOf = (all: readonly (Told | undefined)[]): ReturnType<Connection['checkpoint']> => {
  const cursor = all[0]?.cursor
  if (cursor === undefined || all.some((each) => each?.cursor !== cursor)) return undefined
  return { cursor, delivered: all.reduce((sum, each) => sum + (each?.delivered ?? 0), 0) }
}
