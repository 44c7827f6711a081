// Brings a database to this build's schema: numbered files, each applied once and whole, by one process at a time.
// What was applied is remembered with its checksum: a file that was edited or lost afterwards stops the start.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import type { Logger } from '../../core/logger.ts'
import { APP_ROLE, clientConfig, toFault } from './connection.ts'

export type MigrateOptions = Readonly<{
  url: string
  directory: string
  logger: Logger
  /** What to throw when there is no connection to be had. */
  onNoConnection?: (cause: Error) => Error
}>

/** `appRole`: the role of the running program exists and this user may work under it. */
export type MigrateResult = Readonly<{ applied: readonly string[]; appRole: boolean }>

type MigrationFile = Readonly<{ name: string; text: string; checksum: string }>
type AppliedMigration = Readonly<{ name: string; checksum: string }>

const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/
const LOCK_KEY = 7_236_001 // any fixed number: the same one in every process that migrates this database
const LOCK_DEADLINE_MS = 60_000
const STATEMENT_TIMEOUT_MS = 600_000

export const migrate = async (options: MigrateOptions): Promise<MigrateResult> => {
  const files = await readMigrations(options.directory)
  const client = await connect(options)
  try {
    await lock(client)
    const pending = pendingMigrations(files, await appliedMigrations(client))
    for (const file of pending) {
      await apply(client, file)
      options.logger.info({ migration: file.name }, 'migration applied')
    }
    return { applied: pending.map((file) => file.name), appRole: await mayUseAppRole(client) }
  } catch (error) {
    throw toFault(error)
  } finally {
    await client.end().catch(() => {}) // ends the session and with it the lock
  }
}

const connect = async (options: MigrateOptions): Promise<pg.Client> => {
  const { url, logger, onNoConnection = toFault } = options
  const applicationName = 'pawtrail migrate'
  let client: pg.Client | undefined
  try {
    client = new pg.Client(
      clientConfig({ url, applicationName, statementTimeoutMs: STATEMENT_TIMEOUT_MS }),
    )
    client.on('error', (error) =>
      logger.warn({ error: error.message }, 'migration connection broke'),
    )
    await client.connect()
    return client
  } catch (error) {
    await client?.end().catch(() => {})
    throw onNoConnection(toFault(error))
  }
}

/** The files of a folder in their order. Two with one number, a hole, or a name of another form are refused. */
export const readMigrations = async (directory: string): Promise<readonly MigrationFile[]> => {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  const files: MigrationFile[] = []
  for (const name of names) {
    if (!FILE_NAME.test(name)) {
      throw new Error(`migration ${name} must be named like 0001_what_it_does.sql`)
    }
    assertFollows(name, files.at(-1)?.name)
    const text = await readFile(path.join(directory, name), 'utf8')
    files.push({ name, text, checksum: createHash('sha256').update(text).digest('hex') })
  }
  return files
}

const assertFollows = (name: string, before: string | undefined): void => {
  if (before === undefined) return
  const expected = Number(numberOf(before)) + 1
  if (Number(numberOf(name)) < expected) {
    throw new Error(`migrations ${before} and ${name} have the same number`)
  }
  if (Number(numberOf(name)) > expected) {
    const missing = String(expected).padStart(4, '0')
    throw new Error(`migration ${missing} is missing: ${name} follows ${before}`)
  }
}

/** What is still to be applied; throws a sentence when the files and the database do not belong together. */
export const pendingMigrations = (
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): readonly MigrationFile[] => {
  const newestFile = files.at(-1)?.name ?? '0000'
  const newestApplied =
    applied
      .map(({ name }) => name)
      .sort()
      .at(-1) ?? '0000'
  for (const { name, checksum } of applied) {
    const file = files.find((candidate) => candidate.name === name)
    if (file === undefined) throw new Error(missingFileSentence(name, newestFile))
    if (file.checksum !== checksum) {
      throw new Error(
        `migration ${name} was changed after it was applied to this database: put the file back as it was and ` +
          'write a new migration for the change',
      )
    }
  }
  const pending = files.filter((file) => !applied.some(({ name }) => name === file.name))
  const late = pending.find((file) => file.name < newestApplied)
  if (late !== undefined) {
    throw new Error(
      `migration ${late.name} comes before ${newestApplied}, which this database already has: number it after`,
    )
  }
  return pending
}

const missingFileSentence = (name: string, newestFile: string): string =>
  numberOf(name) > numberOf(newestFile)
    ? `this database is from a newer build: it has migration ${name} and this build ends at ${newestFile}. ` +
      'Run the newer build, or restore a backup from before it'
    : `migration ${name} was applied to this database and its file is missing: put it back`

const numberOf = (name: string): string => name.slice(0, 4)

const lock = async (client: pg.Client): Promise<void> => {
  await client.query(`set lock_timeout = ${LOCK_DEADLINE_MS}`)
  // Held by the session and not by a transaction: it spans the transactions of all files.
  await client.query('select pg_advisory_lock($1)', [LOCK_KEY])
}

const appliedMigrations = async (client: pg.Client): Promise<readonly AppliedMigration[]> => {
  await client.query(`
    create schema if not exists pawtrail;
    create table if not exists pawtrail.migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`)
  // A few dozen rows at most: a scan.
  const result = await client.query<AppliedMigration>(
    'select name, checksum from pawtrail.migrations order by name',
  )
  return result.rows
}

const apply = async (client: pg.Client, file: MigrationFile): Promise<void> => {
  try {
    await client.query('begin')
    await client.query(file.text)
    // In the file's own transaction: a file is applied and remembered, or neither.
    await client.query('insert into pawtrail.migrations (name, checksum) values ($1, $2)', [
      file.name,
      file.checksum,
    ])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    const fault = toFault(error)
    if (!(fault instanceof pg.DatabaseError)) throw fault
    throw new Error(`migration ${file.name} failed${lineOf(file, fault)}: ${fault.message}`, {
      cause: fault,
    })
  }
}

const lineOf = (file: MigrationFile, error: pg.DatabaseError): string => {
  const offset = Number(error.position ?? 0)
  return offset > 0 ? ` at line ${file.text.slice(0, offset).split('\n').length}` : ''
}

const mayUseAppRole = async (client: pg.Client): Promise<boolean> => {
  // By the role's oid, because the function refuses an unknown name. PostgreSQL 16 tells SET from plain membership.
  const result = await client.query<{ allowed: boolean }>(
    `select pg_has_role(
        current_user, oid,
        case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end
      ) as allowed
      from pg_roles where rolname = $1`,
    [APP_ROLE],
  )
  return result.rows[0]?.allowed ?? false
}
