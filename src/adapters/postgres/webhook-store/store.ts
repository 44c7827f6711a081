// Webhook endpoints in PostgreSQL: what is read of them, their secrets and replays. Leases and
// progress: beside this file.
import type { SqlDatabase } from '../../../core/sql.ts'
import {
  type DeadLetter,
  type Health,
  type LoggedAttempt,
  MAX_OPEN_REPLAYS,
  type StoredSecret,
  type WebhookStore,
} from '../../../core/webhooks.ts'
import type { SecretBox } from '../../../core/secret-box.ts'
import { createEndpoints, replayOf, type ReplayRow, REPLAYS } from './endpoints.ts'
import { createProgress } from './progress.ts'
import { timeOf } from './times.ts'

// By the primary keys: one row, and two counts of few.
const STANDING = {
  name: 'webhook_endpoints_standing',
  text: `select position, health,
      (select count(*) from pawtrail.webhook_blocked
        where tenant_id = $1 and endpoint_id = $2) as blocked,
      (select count(*) from pawtrail.webhook_dead
        where tenant_id = $1 and endpoint_id = $2) as "deadLetters"
    from pawtrail.webhook_endpoints where tenant_id = $1 and endpoint_id = $2`,
}

// By the primary key from its newest end; an endpoint's pages hold few. An attempt's number is made of its page's and
// its place in that.
const ATTEMPTS = {
  name: 'webhook_attempts_list',
  text: `select page_id * 1000 + place - 1 as id, attempt
    from pawtrail.webhook_attempts, jsonb_array_elements(attempts)
      with ordinality as each (attempt, place)
    where tenant_id = $1 and endpoint_id = $2
      and ($3::bigint is null or page_id <= $3 / 1000 and page_id * 1000 + place - 1 < $3)
      and ($4::text is null or attempt->>'eventId' = $4)
    order by id desc limit $5 offset $6`,
}

// By the primary key; an endpoint's pages are few, and are opened only where an event is looked for.
const COUNT_ATTEMPTS = {
  name: 'webhook_attempts_count',
  text: `select coalesce(sum(case when $3::text is null then count else
      (select count(*) from jsonb_array_elements(attempts) as attempt
        where attempt->>'eventId' = $3) end), 0)::int as total
    from pawtrail.webhook_attempts where tenant_id = $1 and endpoint_id = $2`,
}

// By the primary key from its newest end.
const DEAD = {
  name: 'webhook_dead_list',
  text: `select event_id as "eventId", type, subject, position, attempts, cause, died_at as "diedAt"
    from pawtrail.webhook_dead where tenant_id = $1 and endpoint_id = $2
    order by position desc limit $3`,
}

// By the primary key. Nothing comes back when there are as many as there may be, or no such endpoint.
const ADD_REPLAY = {
  name: 'webhook_replays_add',
  text: `insert into pawtrail.webhook_replays
      (tenant_id, endpoint_id, replay_id, after, up_to, types, subjects, due_at)
    select $1, $2, $3, $4, $5, $6::text[], $7::text[], $8::timestamptz
    from pawtrail.webhook_endpoints where tenant_id = $1 and endpoint_id = $2
      and (select count(*) from pawtrail.webhook_replays
        where tenant_id = $1 and endpoint_id = $2) < ${MAX_OPEN_REPLAYS}
    returning replay_id`,
}

// By the primary keys; an endpoint's pages and dead letters are few.
const POSITION_OF = {
  name: 'webhook_position_of',
  text: `select (attempt->>'position')::bigint as position
      from pawtrail.webhook_attempts, jsonb_array_elements(attempts) as attempt
      where tenant_id = $1 and endpoint_id = $2 and attempt->>'eventId' = $3
        and attempt->>'position' is not null
    union all select position from pawtrail.webhook_dead
      where tenant_id = $1 and endpoint_id = $2 and event_id = $3
    limit 1`,
}

// All four by the primary key; what is stored is sealed for its place.
const PUT_SECRET = {
  name: 'webhook_secrets_put',
  text: `insert into pawtrail.webhook_secrets (tenant_id, endpoint_id, secret_id, secret)
    values ($1, $2, $3, $4) on conflict (tenant_id, endpoint_id, secret_id) do nothing`,
}
const SECRETS = {
  name: 'webhook_secrets_list',
  text: `select secret_id as id, secret from pawtrail.webhook_secrets
    where tenant_id = $1 and endpoint_id = $2`,
}
const RESEAL = {
  name: 'webhook_secrets_seal',
  text: `update pawtrail.webhook_secrets set secret = $4
    where tenant_id = $1 and endpoint_id = $2 and secret_id = $3`,
}
// Over all of the table, which holds a few rows an endpoint: once a start.
const UNSEALED = {
  name: 'webhook_secrets_unsealed',
  text: `select tenant_id as "tenantId", endpoint_id as "endpointId", secret_id as id, secret
    from pawtrail.webhook_secrets where secret like 'whsec%' limit 1000`,
}
const DROP_SECRET = {
  name: 'webhook_secrets_drop',
  text: `delete from pawtrail.webhook_secrets
    where tenant_id = $1 and endpoint_id = $2 and secret_id = $3`,
}

// One row.
const START_SEARCH = {
  name: 'webhook_search_start',
  text: `insert into pawtrail.webhook_search (position) values ($1)
    on conflict (one) do update set position = webhook_search.position
    returning position`,
}
const ADVANCE_SEARCH = {
  name: 'webhook_search_advance',
  text: 'update pawtrail.webhook_search set position = $1 where position < $1',
}

type StandingRow = Readonly<{
  position: number
  health: Health
  blocked: number
  deadLetters: number
}>
type AttemptRow = Readonly<{ id: number; attempt: Omit<LoggedAttempt, 'id'> }>

export type WebhookStoreOptions = Readonly<{ database: SqlDatabase; secretBox: SecretBox }>

export const createWebhookStore = ({ database, secretBox }: WebhookStoreOptions): WebhookStore => ({
  ...createEndpoints(database),
  ...createProgress(database),
  ...createSecrets(database, secretBox),
  standing: async (tenantId, id) => {
    const [row] = await database.query<StandingRow>(STANDING, [tenantId, id])
    if (row === undefined) return undefined
    const replays = await database.query<ReplayRow>(REPLAYS, [tenantId, id])
    return { ...row, replays: replays.map(replayOf) }
  },
  attempts: async (tenantId, id, { before, skip = 0, limit, eventId }) => {
    const values = [tenantId, id, before ?? null, eventId ?? null, limit, skip]
    const rows = await database.query<AttemptRow>(ATTEMPTS, values)
    return rows.map((row) => ({ ...row.attempt, id: row.id }))
  },
  countAttempts: async (tenantId, id, eventId) => {
    const values = [tenantId, id, eventId ?? null]
    return (await database.query<{ total: number }>(COUNT_ATTEMPTS, values))[0]?.total ?? 0
  },
  deadLetters: (tenantId, id, limit) => database.query<DeadLetter>(DEAD, [tenantId, id, limit]),
  addReplay: async (tenantId, id, replay) => {
    const { after, upTo, types, subjects } = replay
    const due = timeOf(replay.dueAtMs)
    const values = [tenantId, id, replay.id, after, upTo, types, subjects, due]
    return (await database.query(ADD_REPLAY, values)).length === 1
  },
  positionOf: async (tenantId, id, eventId) => {
    const values = [tenantId, id, eventId]
    return (await database.query<{ position: number }>(POSITION_OF, values))[0]?.position
  },
  startSearch: async (head) => {
    const [row] = await database.query<{ position: number }>(START_SEARCH, [head])
    return row?.position ?? head
  },
  advanceSearch: async (position) => {
    await database.query(ADVANCE_SEARCH, [position])
  },
})

type UnsealedRow = StoredSecret & Readonly<{ tenantId: string; endpointId: string }>

const placeOf = (tenantId: string, id: string, secretId: string): string =>
  `${tenantId} ${id} ${secretId}`

const createSecrets = (
  database: SqlDatabase,
  box: SecretBox,
): Pick<WebhookStore, 'putSecret' | 'secrets' | 'dropSecret' | 'sealSecrets'> => ({
  putSecret: async (tenantId, id, { id: secretId, secret }) => {
    const sealed = await box.seal(secret, placeOf(tenantId, id, secretId))
    await database.query(PUT_SECRET, [tenantId, id, secretId, sealed])
  },
  secrets: async (tenantId, id) => {
    const rows = await database.query<StoredSecret>(SECRETS, [tenantId, id])
    const open = async (row: StoredSecret): Promise<StoredSecret> => ({
      id: row.id,
      secret: await box.open(row.secret, placeOf(tenantId, id, row.id)),
    })
    return Promise.all(rows.map(open))
  },
  dropSecret: async (tenantId, id, secretId) => {
    await database.query(DROP_SECRET, [tenantId, id, secretId])
  },
  sealSecrets: async () => {
    let sealed = 0
    for (;;) {
      const rows = await database.query<UnsealedRow>(UNSEALED)
      if (rows.length === 0) return sealed
      for (const { tenantId, endpointId, id, secret } of rows) {
        const text = await box.seal(secret, placeOf(tenantId, endpointId, id))
        await database.query(RESEAL, [tenantId, endpointId, id, text])
        sealed += 1
      }
    }
  },
})
