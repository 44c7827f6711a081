// The port through which MQTT sessions outlive their connections and their server. What a session's state is made of is
// known to the transport alone.
import type { TenantId } from './ids.ts'
import type { JsonObject } from './json.ts'

/** Nobody reaches a session but the same principal of the same tenant. */
export type MqttSessionKey = Readonly<{ tenantId: TenantId; principal: string; clientId: string }>

export type OpenMqttSession = Readonly<{
  owner: string // names a connection
  clean: boolean // forget what there was
  keepMs: number // it is kept for so long after this; 0: handed out, and not kept at all
  limit: number // sessions that a principal may have
}>

export type SaveMqttSession = Readonly<{ owner: string; state: JsonObject; keepMs: number }>

/** `state`: null for a new session. */
export type OpenedMqttSession =
  | Readonly<{ kind: 'opened'; isPresent: boolean; state: JsonObject | null }>
  | Readonly<{ kind: 'too_many' }>

/**
 * Guaranteed:
 * - a session has one owner at a time: the last that opened it;
 * - `save` and `remove` of another owner change nothing, and `save` answers false;
 * - a session whose time is over is never found again.
 *
 * Not guaranteed: that the count of a principal's sessions is exact while several are opened at once.
 */
export interface MqttSessions {
  open(key: MqttSessionKey, request: OpenMqttSession): Promise<OpenedMqttSession>
  save(key: MqttSessionKey, request: SaveMqttSession): Promise<boolean>
  remove(key: MqttSessionKey, owner: string): Promise<void>
  /** Ends sessions whose time is over, `limit` at most. Answers how many. */
  removeExpired(limit: number): Promise<number>
}
