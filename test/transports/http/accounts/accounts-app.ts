// The account routes in the real server, on memory stores, with real hashes and real tokens.
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { createPasswordHasher } from '../../../../src/adapters/argon2/password-hasher.ts'
import { createTokenIssuer } from '../../../../src/adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../../../../src/adapters/jose/token-verifier.ts'
import {
  createMemoryCredentialStore,
  createMemoryRefreshTokenStore,
} from '../../../../src/adapters/memory/accounts.ts'
import { createMemoryEventStore } from '../../../../src/adapters/memory/event-store.ts'
import { randomToken } from '../../../../src/adapters/system/random.ts'
import { createUsers } from '../../../../src/application/users.ts'
import { createCommandHandler } from '../../../../src/commands/handle.ts'
import type { PasswordHasher } from '../../../../src/core/auth.ts'
import type { CursorCodec } from '../../../../src/core/cursor.ts'
import type { Logger } from '../../../../src/core/logger.ts'
import {
  ATTEMPT_LIMITS,
  type AttemptLimits,
  createAccountRoutes,
  TOKEN_LIFETIME_SECONDS,
} from '../../../../src/transports/http/accounts/routes.ts'
import { fixedClock } from '../../../support/fixed-clock.ts'
import { seededIds } from '../../../support/seeded-ids.ts'
import { scratchKeys } from '../../../adapters/jose/tokens.ts'
import { httpApp, PUBLIC_URL } from '../http-app.ts'

export const TENANT = '018f6f3a-0000-7000-8000-000000000001'
export const PASSWORD = 'correct horse battery'
export const ADA = {
  username: 'Ada',
  email: 'ada@example.org',
  firstName: 'Ada',
  lastName: 'Byron',
  password: PASSWORD,
  phone: '+12075550142',
  preferences: { newsletter: true },
}

export type Answer = Readonly<{
  status: number
  headers: Readonly<Record<string, unknown>>
  text: string
  body: Record<string, unknown>
}>

const SETTINGS = {
  publicUrl: PUBLIC_URL,
  publicReads: true,
  rateLimitPerMinute: 0,
  cacheMaxBytes: 0,
}
const PARTS = { issuer: 'https://pawtrail.test', audience: 'pawtrail' }

const cursors: CursorCodec = {
  encode: (tenantId, position) => `${tenantId}-${position}`,
  decode: () => ({ kind: 'invalid' }),
}

export const accountsApp = async (
  t: Test,
  options: Readonly<{ attempts?: Partial<AttemptLimits>; passwords?: PasswordHasher }> = {},
) => {
  const clock = fixedClock()
  const ids = seededIds()
  const keys = await scratchKeys(t)
  const logged: string[] = []
  const log = (...line: unknown[]): void => void logged.push(JSON.stringify(line))
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const hasher = options.passwords ?? createPasswordHasher()
  const checked: string[] = []
  const passwords: PasswordHasher = {
    hash: hasher.hash,
    verify: (encoded, password) => {
      checked.push(encoded)
      return hasher.verify(encoded, password)
    },
  }
  const credentials = createMemoryCredentialStore({ clock })
  const refreshTokens = createMemoryRefreshTokenStore({ clock, ids, randomToken })
  const eventStore = createMemoryEventStore({ clock })
  const handler = createCommandHandler({ eventStore, ids })
  const users = createUsers({ handler, eventStore, credentials, passwords, clock, ids })

  const verifier = createTokenVerifier({ ...PARTS, keys, clock, logger })
  const { app } = await httpApp(t, {
    verifier,
    clock,
    ids,
    logger,
    settings: { ...SETTINGS, trustProxy: true },
    plugins: [
      createAccountRoutes({
        application: { users },
        issuer: createTokenIssuer({ ...PARTS, keys, clock, ids }),
        passwords,
        credentials,
        refreshTokens,
        cursors,
        settings: {
          tokenLifetimeSeconds: TOKEN_LIFETIME_SECONDS,
          attempts: { ...ATTEMPT_LIMITS, ...options.attempts },
        },
      }),
    ],
  })
  return { ...clientOf(app), app, clock, logged, checked, verifier, eventStore }
}

const clientOf = (app: FastifyInstance) => {
  const send = async (request: InjectOptions): Promise<Answer> => {
    const response = await app.inject(request)
    const body: unknown = response.payload === '' ? {} : response.json()
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.payload,
      body: body as Record<string, unknown>,
    }
  }
  return {
    post: (url: string, payload: object, headers: Record<string, string> = {}) =>
      send({ method: 'POST', url, payload, headers }),
    get: (url: string, headers: Record<string, string> = {}) =>
      send({ method: 'GET', url, headers }),
    send,
  }
}
