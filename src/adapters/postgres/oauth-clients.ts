// Registered clients in PostgreSQL. There are a few dozen, read by their id with every request to the token endpoint.
import type { Scope } from '../../core/auth.ts'
import { toTimestamp } from '../../core/clock.ts'
import { tenantIdSchema } from '../../core/ids.ts'
import { type GrantType, MAX_CLIENTS, type OAuthClient, type OAuthStore } from '../../core/oauth.ts'
import { hashOf, matchesHash, type OAuthStoreOptions, SECRET_BYTES } from './oauth-secrets.ts'

// The count is a scan of a small table. Two at once may go one beyond the limit, which is no harm.
const INSERT = {
  name: 'oauth_clients_insert',
  text: `insert into pawtrail.oauth_clients
      (client_id, name, secret_hash, grant_types, scopes, tenants, redirect_uris, created_at)
    select $1, $2, $3, $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz
    where (select count(*) from pawtrail.oauth_clients) < ${MAX_CLIENTS}
    returning client_id`,
}

const COLUMNS = `client_id as id, name, secret_hash as "secretHash", grant_types as "grantTypes",
      scopes, tenants, redirect_uris as "redirectUris",
      floor(extract(epoch from created_at) * 1000)::bigint as "createdAtMs"`

// By the primary key.
const FIND = {
  name: 'oauth_clients_find',
  text: `select ${COLUMNS} from pawtrail.oauth_clients where client_id = $1`,
}

// All of them: a scan and a sort of a thousand rows at most.
const LIST = {
  name: 'oauth_clients_list',
  text: `select ${COLUMNS} from pawtrail.oauth_clients
    order by created_at, client_id limit ${MAX_CLIENTS}`,
}

// By the primary key.
const REMOVE = {
  name: 'oauth_clients_remove',
  text: 'delete from pawtrail.oauth_clients where client_id = $1 returning client_id',
}

type ClientRow = Readonly<{
  id: string
  name: string
  secretHash: Buffer | null
  grantTypes: readonly GrantType[]
  scopes: readonly Scope[]
  tenants: readonly string[]
  redirectUris: readonly string[]
  createdAtMs: number
}>

export const createClients = (
  options: OAuthStoreOptions,
): Pick<
  OAuthStore,
  'createClient' | 'findClient' | 'authenticate' | 'listClients' | 'removeClient'
> => {
  const { database, clock, ids, randomToken } = options
  const find = async (clientId: string): Promise<ClientRow | undefined> => {
    const [row] = await database.query<ClientRow>(FIND, [clientId])
    return row
  }
  return {
    createClient: async (definition) => {
      const secret = definition.kind === 'confidential' ? randomToken(SECRET_BYTES) : null
      const client = { ...definition, id: ids(), createdAtMs: clock() }
      const { name, grantTypes, scopes, tenants, redirectUris } = client
      const inserted = await database.query(INSERT, [
        ...[client.id, name, secret === null ? null : hashOf(secret)],
        ...[grantTypes, scopes, tenants, redirectUris],
        toTimestamp(client.createdAtMs),
      ])
      return inserted.length === 0 ? undefined : { client, secret }
    },
    findClient: async (clientId) => {
      const row = await find(clientId)
      return row === undefined ? undefined : clientOf(row)
    },
    authenticate: async (clientId, secret) => {
      const row = await find(clientId)
      const isRight = matchesHash(secret, row?.secretHash)
      return row !== undefined && isRight ? clientOf(row) : undefined
    },
    listClients: async () => (await database.query<ClientRow>(LIST)).map(clientOf),
    removeClient: async (clientId) => (await database.query(REMOVE, [clientId])).length === 1,
  }
}

const clientOf = ({ secretHash, ...row }: ClientRow): OAuthClient => ({
  ...row,
  kind: secretHash === null ? 'public' : 'confidential',
  tenants: row.tenants.map((tenant) => tenantIdSchema.parse(tenant)),
})
