// Every setting by name, default and meaning: what README.md and infra/env.example list.
import { MQTT_SETTINGS } from './mqtt.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const

type Setting = Readonly<{ name: string; default: string; meaning: string }>

/** Every setting, as README.md and infra/env.example list them. A default in brackets is a rule, not a value. */
export const SETTINGS = [
  { name: 'PORT', default: '3000', meaning: 'Port of the HTTP server; 0 takes any free one' },
  {
    name: 'HOST',
    default: '127.0.0.1',
    meaning: 'Address it listens at; 0.0.0.0 for every interface',
  },
  {
    name: 'DATA_DIR',
    default: './.data',
    meaning: 'Folder of everything that is kept: embedded database, photos, keys',
  },
  {
    name: 'DATABASE_URL',
    default: '(embedded)',
    meaning:
      'PostgreSQL of the read models and, unless told otherwise, of the log: `postgres://user@host/database`',
  },
  {
    name: 'EVENT_STORE_URL',
    default: '(DATABASE_URL)',
    meaning: 'PostgreSQL of the log, when it is another one; `postgres://` only',
  },
  {
    name: 'PUBLIC_URL',
    default: '(from HOST and PORT)',
    meaning: 'Base of the links that are given out',
  },
  {
    name: 'PUBLIC_READS',
    default: 'true',
    meaning:
      'Public fields of pets and shelters are readable without a token; `false`: of the shared pool only',
  },
  {
    name: 'RATE_LIMIT_PER_MINUTE',
    default: '100',
    meaning: 'Requests of one principal or address in a minute; 0 switches the limit off',
  },
  {
    name: 'JWT_ISSUER',
    default: '(own)',
    meaning: 'Issuer that tokens must name; with JWKS_URL, an outside identity provider',
  },
  { name: 'JWT_AUDIENCE', default: '(own)', meaning: 'Audience that tokens must name' },
  {
    name: 'JWKS_URL',
    default: '(own keys)',
    meaning: "Address of the outside identity provider's keys; needs JWT_ISSUER and JWT_AUDIENCE",
  },
  {
    name: 'SEED_DEMO',
    default: '(true when embedded)',
    meaning: 'Fill an empty store with demo data',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: `What is logged: ${LOG_LEVELS.join(', ')}` },
  {
    name: 'APPEND_QUEUE_LIMIT',
    default: '10000',
    meaning: 'Commands that may wait for the log; one more is answered 503 with Retry-After',
  },
  {
    name: 'CACHE_MAX_BYTES',
    default: '67108864',
    meaning: 'Memory for cached answers; 0 switches the cache off',
  },
  {
    name: 'READY_MAX_LAG',
    default: '10000',
    meaning: 'Positions a read model may be behind the log while `/readyz` still says ready',
  },
  {
    name: 'SHUTDOWN_GRACE_MS',
    default: '10000',
    meaning: 'Time for open requests to end after SIGTERM, in milliseconds',
  },
  {
    name: 'TRUST_PROXY',
    default: '0',
    meaning:
      "Whom to believe about the caller's address: how many proxies stand in front, " +
      'or their addresses separated by commas',
  },
  {
    name: 'ALLOWED_ORIGINS',
    default: 'same',
    meaning:
      'Web pages that may open a WebSocket: same (of this origin only), any, ' +
      'or their origins separated by commas',
  },
  {
    name: 'WAITING_LISTS',
    default: 'none',
    meaning:
      'Tenants in which one may apply for a pet that is reserved already: none, all, ' +
      'or their ids (`shared` for the shared pool) separated by commas',
  },
  {
    name: 'RESERVATION_TIMEOUT_SECONDS',
    default: '60',
    meaning:
      'Time for an order, an application or a payment to be stored; afterwards a reservation ' +
      'that belongs to nothing is released, and an open payment is asked for',
  },
  {
    name: 'WEBHOOKS_ALLOW_INSECURE',
    default: 'false',
    meaning:
      'For development: webhooks and callbacks may go to plain HTTP, to this machine and to ' +
      'private networks',
  },
  {
    name: 'WEBHOOK_SECRETS_KEY',
    default: '(made in DATA_DIR)',
    meaning:
      'Key that webhook secrets are stored under, 32 bytes in base64; the same on every node. Several ' +
      'separated by commas: the first seals, all open',
  },
  ...MQTT_SETTINGS,
] as const satisfies readonly Setting[]
