// The connection by which a process of tests makes and drops databases. It is kept, since a new one costs the server
// more than a database does; it does not keep the process alive.
import pg from 'pg'
import { clientConfig } from '../../src/adapters/postgres/connection.ts'

const DEADLINE_MS = 60_000

/** What the driver has and its types do not say. */
type Client = pg.Client & Readonly<{ ref(): void; unref(): void }>
type Kept = Readonly<{ client: Client }> & { underWay: number }

const kept = new Map<string, Promise<Kept>>()

export const newClient = (url: string): pg.Client => {
  const config = clientConfig({
    url,
    applicationName: 'pawtrail test support',
    statementTimeoutMs: DEADLINE_MS,
  })
  return new pg.Client({ ...config, lock_timeout: DEADLINE_MS })
}

export const queryServer = async (
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly unknown[]> => {
  const connection = await keptConnection(url)
  connection.underWay += 1
  connection.client.ref()
  try {
    return (await connection.client.query(sql, [...values])).rows as readonly unknown[]
  } finally {
    connection.underWay -= 1
    if (connection.underWay === 0) connection.client.unref()
  }
}

/** Before a server is stopped. */
export const closeKeptConnection = async (url: string): Promise<void> => {
  const connection = await kept.get(url)
  kept.delete(url)
  await connection?.client.end()
}

const keptConnection = (url: string): Promise<Kept> => {
  const connection = kept.get(url) ?? connect(url)
  kept.set(url, connection)
  return connection
}

const connect = async (url: string): Promise<Kept> => {
  const client = newClient(url) as Client
  client.on('error', () => kept.delete(url)) // the next one who asks connects anew
  await client.connect()
  return { client, underWay: 0 }
}
