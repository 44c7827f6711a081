// The environment, read once, checked and frozen: the only reader of process.env. A setting that is missing takes its
// default; a bad one is named in a sentence, and the values of secrets are never repeated.
import path from 'node:path'
import { z } from 'zod'
import { type MqttConfig, mqttContradictions, mqttSchemas, toMqttConfig } from './config/mqtt.ts'
import {
  type AllowedOrigins,
  allowedOrigins,
  keysUrl,
  postgresUrl,
  secretKeys,
  toBoolean,
  type TrustProxy,
  trustedProxies,
  type WaitingLists,
  waitingLists,
  webUrl,
} from './config/values.ts'
import { LOG_LEVELS, SETTINGS } from './config/settings.ts'

export { SETTINGS }

export type Config = MqttConfig &
  Readonly<{
    port: number // 0: any free one
    host: string
    dataDir: string // absolute
    databaseUrl: string | undefined // undefined: the embedded PostgreSQL under dataDir
    eventStoreUrl: string | undefined // undefined: where the read models are
    publicUrl: string | undefined // without a slash at its end; undefined: from the address we listen at
    publicReads: boolean
    rateLimitPerMinute: number // 0: off
    jwtIssuer: string | undefined // undefined: our own
    jwtAudience: string | undefined
    jwksUrl: string | undefined
    seedDemo: boolean
    logLevel: LogLevel
    appendQueueLimit: number
    cacheMaxBytes: number
    readyMaxLag: number
    shutdownGraceMs: number
    trustProxy: TrustProxy
    waitingLists: WaitingLists
    allowedOrigins: AllowedOrigins
    reservationTimeoutMs: number
    webhooksAllowInsecure: boolean
    webhookSecretsKeys: readonly Buffer[] | undefined // the first seals, all open
  }>

export type LogLevel = (typeof LOG_LEVELS)[number]

export type LoadedConfig =
  | Readonly<{ kind: 'loaded'; config: Config }>
  | Readonly<{ kind: 'refused'; problems: readonly string[] }>

export type Environment = Readonly<Record<string, string | undefined>>

export const loadConfig = (environment: Environment = process.env): LoadedConfig => {
  const parsed = settingsSchema.safeParse(present(environment))
  if (!parsed.success) return { kind: 'refused', problems: parsed.error.issues.map(sentence) }
  const problems = contradictions(parsed.data)
  if (problems.length > 0) return { kind: 'refused', problems }
  return { kind: 'loaded', config: Object.freeze(toConfig(parsed.data)) }
}

type SettingName = (typeof SETTINGS)[number]['name']

const defaultOf = (name: SettingName): string =>
  SETTINGS.find((setting) => setting.name === name)?.default ?? ''

// An empty value is what a line `NAME=` in an env file gives: the same as none.
const present = (environment: Environment): Partial<Record<SettingName, string>> => {
  const found: Partial<Record<SettingName, string>> = {}
  for (const { name } of SETTINGS) {
    const value = environment[name]?.trim()
    if (value !== undefined && value !== '') found[name] = value
  }
  return found
}

const sentence = (issue: z.core.$ZodIssue): string => `${issue.path.join('.')} ${issue.message}`

const integer = (name: SettingName, least: number, most: number) =>
  z
    .string()
    .default(defaultOf(name))
    .transform((text, context) => {
      const value = /^\d+$/.test(text) ? Number(text) : NaN
      if (value >= least && value <= most) return value
      context.addIssue(`is "${text}": expected a whole number from ${least} to ${most}`)
      return z.NEVER
    })

const HOUR_MS = 3_600_000
const DAY_SECONDS = 86_400
const MAX_COUNT = 1_000_000_000
const MAX_CACHE_BYTES = 64 * 1024 ** 3

const settingsSchema = z.object({
  PORT: integer('PORT', 0, 65_535),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'is not a host name or an address: expected one like 127.0.0.1')
    .default(defaultOf('HOST')),
  DATA_DIR: z.string().default(defaultOf('DATA_DIR')),
  DATABASE_URL: z.string().transform(postgresUrl).optional(),
  EVENT_STORE_URL: z.string().transform(postgresUrl).optional(),
  PUBLIC_URL: z.string().transform(webUrl).optional(),
  PUBLIC_READS: z.string().default(defaultOf('PUBLIC_READS')).transform(toBoolean),
  RATE_LIMIT_PER_MINUTE: integer('RATE_LIMIT_PER_MINUTE', 0, MAX_COUNT),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWKS_URL: z.string().transform(keysUrl).optional(),
  SEED_DEMO: z.string().transform(toBoolean).optional(),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, {
      error: (issue) => `is "${String(issue.input)}": expected one of ${LOG_LEVELS.join(', ')}`,
    })
    .default('info'),
  APPEND_QUEUE_LIMIT: integer('APPEND_QUEUE_LIMIT', 1, MAX_COUNT),
  CACHE_MAX_BYTES: integer('CACHE_MAX_BYTES', 0, MAX_CACHE_BYTES),
  READY_MAX_LAG: integer('READY_MAX_LAG', 0, MAX_COUNT),
  SHUTDOWN_GRACE_MS: integer('SHUTDOWN_GRACE_MS', 0, HOUR_MS),
  TRUST_PROXY: z.string().default(defaultOf('TRUST_PROXY')).transform(trustedProxies),
  ALLOWED_ORIGINS: z.string().default(defaultOf('ALLOWED_ORIGINS')).transform(allowedOrigins),
  WAITING_LISTS: z.string().default(defaultOf('WAITING_LISTS')).transform(waitingLists),
  RESERVATION_TIMEOUT_SECONDS: integer('RESERVATION_TIMEOUT_SECONDS', 1, DAY_SECONDS),
  WEBHOOKS_ALLOW_INSECURE: z
    .string()
    .default(defaultOf('WEBHOOKS_ALLOW_INSECURE'))
    .transform(toBoolean),
  WEBHOOK_SECRETS_KEY: z.string().transform(secretKeys).optional(),
  ...mqttSchemas,
} satisfies Record<SettingName, z.ZodType>)

type ParsedSettings = z.output<typeof settingsSchema>

const contradictions = (settings: ParsedSettings): readonly string[] => {
  const problems = mqttContradictions(settings)
  if (settings.JWKS_URL === undefined) return problems
  const why = 'is missing: JWKS_URL is set, and tokens of an outside provider must name it'
  const missing = (['JWT_ISSUER', 'JWT_AUDIENCE'] as const)
    .filter((name) => settings[name] === undefined)
    .map((name) => `${name} ${why}`)
  return [...problems, ...missing]
}

const toConfig = (settings: ParsedSettings): Config => ({
  port: settings.PORT,
  host: settings.HOST,
  dataDir: path.resolve(settings.DATA_DIR),
  databaseUrl: settings.DATABASE_URL,
  eventStoreUrl: settings.EVENT_STORE_URL,
  publicUrl: settings.PUBLIC_URL,
  publicReads: settings.PUBLIC_READS,
  rateLimitPerMinute: settings.RATE_LIMIT_PER_MINUTE,
  jwtIssuer: settings.JWT_ISSUER,
  jwtAudience: settings.JWT_AUDIENCE,
  jwksUrl: settings.JWKS_URL,
  seedDemo: settings.SEED_DEMO ?? settings.DATABASE_URL === undefined,
  logLevel: settings.LOG_LEVEL,
  appendQueueLimit: settings.APPEND_QUEUE_LIMIT,
  cacheMaxBytes: settings.CACHE_MAX_BYTES,
  readyMaxLag: settings.READY_MAX_LAG,
  shutdownGraceMs: settings.SHUTDOWN_GRACE_MS,
  trustProxy: settings.TRUST_PROXY,
  allowedOrigins: settings.ALLOWED_ORIGINS,
  waitingLists: settings.WAITING_LISTS,
  reservationTimeoutMs: settings.RESERVATION_TIMEOUT_SECONDS * 1_000,
  webhooksAllowInsecure: settings.WEBHOOKS_ALLOW_INSECURE,
  webhookSecretsKeys: settings.WEBHOOK_SECRETS_KEY,
  ...toMqttConfig(settings),
})
