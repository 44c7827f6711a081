// MQTT sessions as rows. The server's clock alone decides when one is over.
import type { MqttSessionKey, MqttSessions } from '../../core/mqtt-sessions.ts'
import type { JsonObject } from '../../core/json.ts'
import type { SqlDatabase, Statement } from '../../core/sql.ts'

export const createPostgresMqttSessions = (
  options: Readonly<{ database: SqlDatabase }>,
): MqttSessions => {
  const { database } = options
  return {
    open: async (key, { owner, clean, keepMs, limit }) => {
      if (keepMs === 0) {
        const [last] = await database.query<Last>(HAND_OUT, [...keyOf(key), limit])
        if (last === undefined || last.count >= limit) return { kind: 'too_many' }
        const isPresent = !clean && last.isPresent
        return { kind: 'opened', isPresent, state: isPresent ? last.state : null }
      }
      const [others] = await database.query<{ count: number }>(COUNT_OTHERS, [...keyOf(key), limit])
      if ((others?.count ?? 0) >= limit) return { kind: 'too_many' }
      return database.transaction(async (tx) => {
        const found = await tx.query<{ state: JsonObject | null }>(FIND, keyOf(key))
        const kept = clean ? undefined : found[0]
        const state = kept?.state ?? null
        await tx.query(TAKE, [...keyOf(key), owner, state && JSON.stringify(state), keepMs])
        return { kind: 'opened', isPresent: kept !== undefined, state }
      })
    },
    save: async (key, { owner, state, keepMs }) => {
      const values = [...keyOf(key), owner, JSON.stringify(state), keepMs]
      return (await database.query(SAVE, values)).length > 0
    },
    remove: async (key, owner) => {
      await database.query(REMOVE, [...keyOf(key), owner])
    },
    removeExpired: async (limit) => (await database.query(REMOVE_EXPIRED, [limit])).length,
  }
}

type Last = Readonly<{ count: number; isPresent: boolean; state: JsonObject | null }>

const keyOf = ({ tenantId, principal, clientId }: MqttSessionKey): readonly string[] => [
  tenantId,
  principal,
  clientId,
]

// By the primary key's first two columns; stops counting at the limit.
const COUNT_OTHERS: Statement = {
  name: 'mqtt_session_count',
  text: `select count(*)::int as count from (
      select from pawtrail.mqtt_sessions
      where tenant_id = $1 and principal = $2 and client_id <> $3
        and expires_at > clock_timestamp()
      limit $4::int) s`,
}

// The same count, and by primary key: of most connections it is all that is asked here.
const HAND_OUT: Statement = {
  name: 'mqtt_session_hand_out',
  text: `with others as (
      select count(*)::int as count from (
        select from pawtrail.mqtt_sessions
        where tenant_id = $1 and principal = $2 and client_id <> $3
          and expires_at > clock_timestamp()
        limit $4::int) s),
    gone as (
      delete from pawtrail.mqtt_sessions
      where tenant_id = $1 and principal = $2 and client_id = $3
        and (select count from others) < $4::int
      returning state, expires_at > clock_timestamp() as is_present)
    select others.count, coalesce(gone.is_present, false) as "isPresent", gone.state
    from others left join gone on true`,
}

// By primary key. Locked, so that two who open it take turns and the second finds what the first wrote.
const FIND: Statement = {
  name: 'mqtt_session_find',
  text: `select state from pawtrail.mqtt_sessions
    where tenant_id = $1 and principal = $2 and client_id = $3
      and expires_at > clock_timestamp()
    for update`,
}

// By primary key.
const TAKE: Statement = {
  name: 'mqtt_session_take',
  text: `insert into pawtrail.mqtt_sessions
      (tenant_id, principal, client_id, owner, state, expires_at)
    values ($1, $2, $3, $4, $5::jsonb, clock_timestamp() + $6::bigint * interval '1 millisecond')
    on conflict (tenant_id, principal, client_id) do update
      set owner = excluded.owner, state = excluded.state, expires_at = excluded.expires_at`,
}

// By primary key. A row that another owner has is left alone, and the answer is empty.
const SAVE: Statement = {
  name: 'mqtt_session_save',
  text: `update pawtrail.mqtt_sessions
    set state = $5::jsonb, expires_at = clock_timestamp() + $6::bigint * interval '1 millisecond'
    where tenant_id = $1 and principal = $2 and client_id = $3 and owner = $4
    returning owner`,
}

// By primary key.
const REMOVE: Statement = {
  name: 'mqtt_session_remove',
  text: `delete from pawtrail.mqtt_sessions
    where tenant_id = $1 and principal = $2 and client_id = $3 and owner = $4`,
}

// Over all tenants, by mqtt_sessions_by_expiry. Rows that somebody opens right now are passed over.
const REMOVE_EXPIRED: Statement = {
  name: 'mqtt_session_sweep',
  text: `with over as (
      select tenant_id, principal, client_id from pawtrail.mqtt_sessions
      where expires_at <= clock_timestamp() order by expires_at limit $1::int
      for update skip locked)
    delete from pawtrail.mqtt_sessions s using over
    where s.tenant_id = over.tenant_id and s.principal = over.principal
      and s.client_id = over.client_id
    returning s.client_id`,
}
