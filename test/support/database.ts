// Real PostgreSQL for tests: every call gives a database of its own, cloned from templates that all test files share.
// The server is the one of PAWTRAIL_TEST_DATABASE_URL, or else an embedded one that lives with the file.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { APP_ROLE } from '../../src/adapters/postgres/connection.ts'
import { createDatabase, type Database } from '../../src/adapters/postgres/database.ts'
import { migrate, readMigrations } from '../../src/adapters/postgres/migrate.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { SqlDatabase } from '../../src/core/sql.ts'
import { installProjections } from '../../src/projections/install.ts'
import { projections } from '../../src/projections/registry.ts'
import { closeKeptConnection, newClient, queryServer } from './kept-connection.ts'
import { TEST_SERVER_SETTINGS } from './server-settings.ts'

type TestScope = { teardown(work: () => unknown): unknown }

export type TestDatabase = Readonly<{
  url: string // as the owner
  database: SqlDatabase // under the role of the running program
  admin: SqlDatabase // as the owner
}>

export const MIGRATIONS_DIRECTORY = path.resolve(import.meta.dirname, '../../infra/migrations')
const INSTALLING = path.resolve(import.meta.dirname, '../../src/projections/install.ts')

const TEMPLATE_LOCK = 7_236_002

export type TestDatabaseOptions = Readonly<{
  migrated?: boolean // by default
  installed?: boolean // also has the tables of the read models, empty
}>

export const testDatabase = async (
  t: TestScope,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> => {
  const server = await acquireServer()
  const name = `pawtrail_test_${randomBytes(8).toString('hex')}`
  t.teardown(async () => {
    // `force` ends the connections that a test left open.
    await queryServer(server.url, `drop database if exists ${name} with (force)`)
    await server.release()
  })
  const { template, hasRole } = await templateOf(server.url, options)
  // Copied as files: the usual way writes every page of it into the log, at four times the cost.
  await queryServer(server.url, `create database ${name} template ${template} strategy file_copy`)
  const url = withDatabase(server.url, name)
  const database = open(t, { url, ...(hasRole ? { role: APP_ROLE } : {}) })
  return { url, database, admin: open(t, { url }) }
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

type Template = Readonly<{ template: string; hasRole: boolean }>
const templates = new Map<string, Promise<Template>>()

/** Looked for once in a process. */
const templateOf = (
  serverUrl: string,
  { migrated = true, installed = false }: TestDatabaseOptions,
): Promise<Template> => {
  const kind = installed ? 'installed' : migrated ? 'migrated' : 'empty'
  const known = templates.get(`${serverUrl} ${kind}`) ?? makeTemplate(serverUrl, kind)
  templates.set(`${serverUrl} ${kind}`, known)
  return known
}

const makeTemplate = async (
  serverUrl: string,
  kind: 'installed' | 'migrated' | 'empty',
): Promise<Template> => {
  const template =
    kind === 'installed'
      ? await installedTemplate(serverUrl)
      : kind === 'migrated'
        ? await migratedTemplate(serverUrl)
        : 'template1'
  const roles = await queryServer(serverUrl, 'select 1 from pg_roles where rolname = $1', [
    APP_ROLE,
  ])
  return { template, hasRole: roles.length > 0 }
}

const migratedTemplate = async (serverUrl: string): Promise<string> => {
  const name = `pawtrail_template_${fingerprint(await readMigrations(MIGRATIONS_DIRECTORY))}`
  return sharedTemplate(serverUrl, { name, from: 'template1' }, (url) =>
    migrate({ url, directory: MIGRATIONS_DIRECTORY, logger: silentLogger }),
  )
}

const installedTemplate = async (serverUrl: string): Promise<string> => {
  const from = await migratedTemplate(serverUrl)
  const name = `${from}_${fingerprint([projections, await readFile(INSTALLING, 'utf8')])}`
  return sharedTemplate(serverUrl, { name, from }, async (url) => {
    const works: (() => unknown)[] = []
    const admin = open({ teardown: (work) => works.push(work) }, { url })
    await installProjections(admin, projections).finally(() =>
      Promise.all(works.map((end) => end())),
    )
  })
}

// Named by what it is made of, so that a changed migration makes a new template and an unchanged one is used again.
const fingerprint = (parts: unknown): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)

const sharedTemplate = async (
  serverUrl: string,
  { name, from }: Readonly<{ name: string; from: string }>,
  fill: (url: string) => Promise<unknown>,
): Promise<string> => {
  await onServer(serverUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
    const found = await client.query<{ complete: boolean }>(
      'select not datallowconn as complete from pg_database where datname = $1',
      [name],
    )
    if (found.rows[0]?.complete === true) return
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name} template ${from}`)
    await fill(withDatabase(serverUrl, name))
    // Closing it marks it as complete, and keeps away the connections that would make a clone fail.
    await client.query(`alter database ${name} allow_connections false`)
  })
  return name
}

const onServer = async (
  url: string,
  work: (client: pg.Client) => Promise<unknown>,
): Promise<void> => {
  const client = newClient(url)
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
    await closeKeptConnection(url)
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
