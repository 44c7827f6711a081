// How every connection to PostgreSQL is made, and how its errors are told apart. Parsers belong to the client and not
// to the driver as a whole, so that nothing else in the process is changed by them.
import pg from 'pg'
import { Fault } from '../../core/fault.ts'

export type ConnectionOptions = Readonly<{
  /** `postgres://user@host/db`, or `postgres://user@/db?host=/socket/folder` for a unix socket. */
  url: string
  /** Taken on as the session starts; the user must be a member of it. */
  role?: string
  applicationName: string
  statementTimeoutMs?: number
  /** A named statement is planned once and not for each of its values. */
  plansOnce?: boolean
}>

/** The role that the running program works under: it may add to the log, and neither change nor remove. */
export const APP_ROLE = 'pawtrail_app'

const CONNECT_TIMEOUT_MS = 5_000
const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
const LOCK_TIMEOUT_MS = 10_000
// The server's own limit comes first; this one is for a server or a network that went silent.
const SILENT_SERVER_GRACE_MS = 5_000
const KEEP_ALIVE_DELAY_MS = 10_000

export const clientConfig = (options: ConnectionOptions): pg.ClientConfig => {
  const statementTimeoutMs = options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS
  const { connectionString, ownOptions } = splitOptions(options.url)
  return {
    connectionString,
    application_name: options.applicationName,
    options: [ownOptions, ...sessionOptions(options)].filter(Boolean).join(' '),
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + SILENT_SERVER_GRACE_MS,
    lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    types: { getTypeParser },
  }
}

/** What the server refused stays the driver's error, with its SQLSTATE in `code`; the rest becomes a Fault. */
export const toFault = (error: unknown): Error => {
  if (error instanceof Fault) return error
  if (!(error instanceof Error)) return new Fault('database_unavailable', String(error))
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (DEADLINE_CODES.has(code) || DEADLINE_MESSAGES.has(error.message)) {
    return new Fault('deadline_exceeded', `PostgreSQL: ${error.message}`, { cause: error })
  }
  if (UNAVAILABLE_CODES.test(code) || UNAVAILABLE_MESSAGES.test(error.message)) {
    const reason = error.message === '' ? code : error.message
    return new Fault('database_unavailable', `PostgreSQL: ${reason}`, { cause: error })
  }
  return error
}

const DEADLINE_CODES = new Set([
  '57014', // statement_timeout
  '55P03', // lock_timeout
  '25P03', // idle_in_transaction_session_timeout
])
const DEADLINE_MESSAGES = new Set(['Query read timeout', 'timeout exceeded when trying to connect'])
const UNAVAILABLE_CODES =
  /^(08...|57P0.|53300|ECONN\w+|ENOENT|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/
const UNAVAILABLE_MESSAGES =
  /^(Connection terminated|Client (has encountered|was closed)|Cannot use a pool after|Connection ended)/

const sessionOptions = ({ role, plansOnce }: ConnectionOptions): readonly string[] => {
  const settings = ['-c TimeZone=UTC', '-c DateStyle=ISO']
  if (plansOnce === true) settings.push('-c plan_cache_mode=force_generic_plan')
  if (role === undefined) return settings
  if (!/^[a-z_][a-z0-9_]*$/.test(role)) throw new Error(`not a plain role name: ${role}`)
  return [...settings, `-c role=${role}`]
}

// The driver lets the URL's own `options` replace ours; both are wanted.
const splitOptions = (url: string): Readonly<{ connectionString: string; ownOptions: string }> => {
  const [address = '', query] = url.split('?', 2)
  if (query === undefined) return { connectionString: url, ownOptions: '' }
  const parameters = new URLSearchParams(query)
  const ownOptions = parameters.get('options') ?? ''
  parameters.delete('options')
  const rest = parameters.toString()
  return { connectionString: rest === '' ? address : `${address}?${rest}`, ownOptions }
}

type Parser = (text: string) => unknown

const INT8 = 20
const DATE = 1082
const TIMESTAMP = 1114
const TIMESTAMPTZ = 1184
const TEXT_ARRAY = 1009
const TIMESTAMP_ARRAY = 1115
const DATE_ARRAY = 1182
const TIMESTAMPTZ_ARRAY = 1185
const INT8_ARRAY = 1016

const parseInt8 = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint out of safe range: ${text}`)
  return value
}

// `2026-08-22 10:00:00.123456+00` becomes `2026-08-22T10:00:00.123Z`; what is not of that form (infinity, years of five
// digits, before Christ) stays as the server wrote it.
const parseTimestamptz = (text: string): string => {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(10) !== 32 || !text.endsWith('+00')) return text
  const fraction = text.slice(20, -3)
  const milliseconds = fraction.length >= 3 ? fraction.slice(0, 3) : fraction.padEnd(3, '0')
  return `${text.slice(0, 10)}T${text.slice(11, 19)}.${milliseconds}Z`
}

const parserOf = pg.types.getTypeParser as (oid: number, format?: 'text' | 'binary') => Parser
const asText: Parser = (text) => text
const parseTextArray = parserOf(TEXT_ARRAY) as (text: string) => unknown[]
const parseEach =
  (parse: Parser): Parser =>
  (text) =>
    parseTextArray(text).map((item) => (typeof item === 'string' ? parse(item) : item))

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [INT8, parseInt8],
  [DATE, asText],
  [TIMESTAMP, asText],
  [TIMESTAMPTZ, parseTimestamptz],
  [INT8_ARRAY, parseEach(parseInt8)],
  [DATE_ARRAY, parseEach(asText)],
  [TIMESTAMP_ARRAY, parseEach(asText)],
  [TIMESTAMPTZ_ARRAY, parseEach(parseTimestamptz)],
])

const getTypeParser = ((oid: number, format?: 'text' | 'binary'): unknown => {
  const own = format === 'binary' ? undefined : PARSERS.get(oid)
  return own ?? parserOf(oid, format)
}) as typeof pg.types.getTypeParser
