// MQTT sessions in memory, with the promises of the PostgreSQL ones: for tests.
import type { Clock } from '../../core/clock.ts'
import type { JsonObject } from '../../core/json.ts'
import type { MqttSessionKey, MqttSessions } from '../../core/mqtt-sessions.ts'

type Row = {
  readonly whose: string
  owner: string
  state: JsonObject | null
  expiresAtMs: number
}

export const createMemoryMqttSessions = (options: Readonly<{ clock: Clock }>): MqttSessions => {
  const { clock } = options
  const rows = new Map<string, Row>()
  const alive = (row: Row | undefined): row is Row => row !== undefined && row.expiresAtMs > clock()
  return {
    open: async (key, { owner, clean, keepMs, limit }) => {
      const name = nameOf(key)
      const whose = whoseOf(key)
      const others = [...rows].filter(
        ([each, row]) => each !== name && row.whose === whose && alive(row),
      )
      if (others.length >= limit) return { kind: 'too_many' }
      const found = rows.get(name)
      const kept = !clean && alive(found) ? found : undefined
      const state = kept?.state ?? null
      if (keepMs === 0) rows.delete(name)
      else rows.set(name, { whose, owner, state, expiresAtMs: clock() + keepMs })
      return { kind: 'opened', isPresent: kept !== undefined, state }
    },
    save: async (key, { owner, state, keepMs }) => {
      const row = rows.get(nameOf(key))
      if (row?.owner !== owner) return false
      row.state = structuredClone(state)
      row.expiresAtMs = clock() + keepMs
      return true
    },
    remove: async (key, owner) => {
      if (rows.get(nameOf(key))?.owner === owner) rows.delete(nameOf(key))
    },
    removeExpired: async (limit) => {
      const over = [...rows].filter(([, row]) => !alive(row)).slice(0, limit)
      for (const [name] of over) rows.delete(name)
      return over.length
    },
  }
}

const whoseOf = ({ tenantId, principal }: MqttSessionKey): string => `${tenantId}\0${principal}`

const nameOf = (key: MqttSessionKey): string => `${whoseOf(key)}\0${key.clientId}`
