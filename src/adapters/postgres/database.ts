// The SqlDatabase port over a pool of connections. A connection whose state is in doubt is closed, never given back.
import pg from 'pg'
import type { Logger } from '../../core/logger.ts'
import type { SqlDatabase, SqlExecutor, Statement } from '../../core/sql.ts'
import { Fault } from '../../core/fault.ts'
import { arrayText } from './array-text.ts'
import { clientConfig, toFault } from './connection.ts'

export type DatabaseOptions = Readonly<{
  url: string
  role?: string
  maxConnections: number
  statementTimeoutMs: number
  applicationName: string
  logger: Logger
  /** See `ConnectionOptions`. */
  plansOnce?: boolean
  /** Statements of one transaction may be sent without waiting for the one before. */
  pipeline?: boolean
}>

export type Database = SqlDatabase & { close(): Promise<void> }

const IDLE_CONNECTION_MS = 60_000

export const createDatabase = (options: DatabaseOptions): Database => {
  let closed: Promise<void> | undefined
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: options.maxConnections,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    pipeline: options.pipeline ?? false,
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => {
    if (closed !== undefined) return // the server may end a connection that we are ending ourselves
    const { applicationName } = options
    options.logger.warn(
      { error: error.message, applicationName },
      'an idle database connection broke',
    )
  })
  // A connection that breaks between two of its queries says so here too; its next query fails with the reason.
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    query: (statement, values) => withClient(pool, (client) => run(client, statement, values)),
    transaction: (work) => withClient(pool, (client) => inTransaction(client, work)),
    close: () => (closed ??= pool.end()),
  }
}

const withClient = async <T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> => {
  const client = await connect(pool)
  let fatal = false
  // The driver emits this on a connection that breaks while it is ours; the pending query rejects too.
  const onError = (): void => {
    fatal = true
  }
  client.on('error', onError)
  try {
    return await work(client)
  } catch (error) {
    fatal ||= leavesConnectionInDoubt(client, error)
    throw error
  } finally {
    client.off('error', onError)
    client.release(fatal)
  }
}

const connect = async (pool: pg.Pool): Promise<pg.PoolClient> => {
  try {
    return await pool.connect()
  } catch (error) {
    throw toFault(error)
  }
}

// A statement that the server timed out leaves a sound connection; one that the client gave up on does not.
const leavesConnectionInDoubt = (client: pg.PoolClient, error: unknown): boolean => {
  if (client.getTransactionStatus() !== 'I') return true
  return error instanceof Fault && !isServerAnswer(error.cause)
}

const isServerAnswer = (cause: unknown): boolean =>
  cause instanceof pg.DatabaseError && cause.severity === 'ERROR'

const run = async <Row>(
  client: pg.PoolClient,
  statement: Statement | string,
  values: readonly unknown[] | undefined,
): Promise<readonly Row[]> => {
  const config = typeof statement === 'string' ? { text: statement } : statement
  try {
    const result = await client.query(
      values === undefined ? config : { ...config, values: values.map(toParameter) },
    )
    return result.rows as Row[]
  } catch (error) {
    throw toFault(error)
  }
}

const toParameter = (value: unknown): unknown =>
  Array.isArray(value) ? (arrayText(value) ?? value) : value

const inTransaction = async <T>(
  client: pg.PoolClient,
  work: (tx: SqlExecutor) => Promise<T>,
): Promise<T> => {
  await run(client, 'begin', undefined)
  let open = true
  const tx: SqlExecutor = {
    query: (statement, values) => {
      if (!open) return Promise.reject(new Error('the transaction is over'))
      return run(client, statement, values)
    },
  }
  try {
    const result = await work(tx)
    open = false
    await commit(client)
    return result
  } catch (error) {
    open = false
    // A rollback that cannot be sent changes nothing: the connection is then closed, which rolls back.
    await client.query('rollback').catch(() => {})
    throw error
  }
}

// A transaction in which a statement failed unheard answers COMMIT with ROLLBACK: that is not a commit.
const commit = async (client: pg.PoolClient): Promise<void> => {
  const result = await client.query('commit').catch((error: unknown) => {
    throw toFault(error)
  })
  if (result.command !== 'COMMIT') {
    throw new Error('the transaction was rolled back: one of its statements had failed')
  }
}
