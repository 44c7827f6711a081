// Real PostgreSQL for tests: every call gives a database of its own, cloned from one migrated template that all test
// files share. The server is the one of PAWTRAIL_TEST_DATABASE_URL, or else an embedded one that lives with the file.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { APP_ROLE, clientConfig } from '../../src/adapters/postgres/connection.ts'
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts'
import { migrate, readMigrations } from '../../src/adapters/postgres/migrate.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { TEST_SERVER_SETTINGS } from './server-settings.ts'

type TestScope = { teardown(work: () => unknown): unknown }

export type TestDatabase = Readonly<{
  url: string // as the owner
  database: SqlDatabase // under the role of the running program
  admin: SqlDatabase // as the owner
}>

export const MIGRATIONS_DIRECTORY = path.resolve(import.meta.dirname, '../../infra/migrations')

const TEMPLATE_LOCK = 7_236_002
const TEMPLATE_DEADLINE_MS = 60_000

export const testDatabase = async (
  t: TestScope,
  options: Readonly<{ migrated?: boolean }> = {},
): Promise<TestDatabase> => {
  const server = await acquireServer()
  const name = `pawtrail_test_${randomBytes(8).toString('hex')}`
  t.teardown(async () => {
    // `force` ends the connections that a test left open.
    await onServer(server.url, (client) =>
      client.query(`drop database if exists ${name} with (force)`),
    )
    await server.release()
  })
  const template = (options.migrated ?? true) ? await migratedTemplate(server.url) : 'template1'
  // Copied as files: the usual way writes every page of it into the log, at four times the cost.
  await onServer(server.url, (client) =>
    client.query(`create database ${name} template ${template} strategy file_copy`),
  )
  const url = withDatabase(server.url, name)
  const admin = open(t, { url })
  const roles = await admin.query('select 1 from pg_roles where rolname = $1', [APP_ROLE])
  const database = roles.length > 0 ? open(t, { url, role: APP_ROLE }) : open(t, { url })
  return { url, database, admin }
}

/** The URL of the server that tests use, for a test that makes databases itself. */
export const testServer = async (t: TestScope): Promise<string> => {
  const server = await acquireServer()
  t.teardown(server.release)
  return server.url
}

const open = (t: TestScope, target: Readonly<{ url: string; role?: string }>): Database => {
  const database = createDatabase({
    plansOnce: true, // as in the program
    ...target,
    maxConnections: 5,
    statementTimeoutMs: 30_000,
    applicationName: 'pawtrail test',
    logger: silentLogger,
  })
  t.teardown(database.close)
  return database
}

// Named by what the files say, so that a changed migration makes a new template and an unchanged one is used again.
const migratedTemplate = async (serverUrl: string): Promise<string> => {
  const files = await readMigrations(MIGRATIONS_DIRECTORY)
  const fingerprint = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 12)
  const name = `pawtrail_template_${fingerprint}`
  await onServer(serverUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
    const found = await client.query<{ complete: boolean }>(
      'select not datallowconn as complete from pg_database where datname = $1',
      [name],
    )
    if (found.rows[0]?.complete === true) return
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name}`)
    await migrate({
      url: withDatabase(serverUrl, name),
      directory: MIGRATIONS_DIRECTORY,
      logger: silentLogger,
    })
    // Closing it marks it as complete, and keeps away the connections that would make a clone fail.
    await client.query(`alter database ${name} allow_connections false`)
  })
  return name
}

const onServer = async (
  url: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> => {
  const config = clientConfig({
    url,
    applicationName: 'pawtrail test support',
    statementTimeoutMs: TEMPLATE_DEADLINE_MS,
  })
  const client = new pg.Client({ ...config, lock_timeout: TEMPLATE_DEADLINE_MS })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

// Also for `postgres://user@/name?host=/folder`, which the URL class does not accept.
const withDatabase = (url: string, name: string): string =>
  url.replace(/^(postgres(?:ql)?:\/\/[^/]*)(?:\/[^?]*)?(\?.*)?$/, `$1/${name}$2`)

type Server = Readonly<{ url: string; release: () => Promise<void> }>
type Running = Readonly<{ url: string; stop: () => Promise<void> }>

let running: Promise<Running> | undefined
let users = 0
let dataDir: string | undefined

const acquireServer = async (): Promise<Server> => {
  const outside = process.env['PAWTRAIL_TEST_DATABASE_URL']
  if (outside !== undefined && outside !== '') return { url: outside, release: async () => {} }
  users += 1
  running ??= startServer()
  const { url, stop } = await running
  const release = async (): Promise<void> => {
    users -= 1
    if (users > 0) return
    running = undefined
    await stop()
  }
  return { url, release }
}

// The folder is kept while the process lives: a second test starts the server again without making the cluster anew.
const startServer = async (): Promise<Running> => {
  const { startEmbeddedPostgres } = await import('../../src/adapters/embedded-postgres/server.ts')
  dataDir ??= temporaryFolder()
  return startEmbeddedPostgres({ dataDir, logger: silentLogger, settings: TEST_SERVER_SETTINGS })
}

const temporaryFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pawtrail-test-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
