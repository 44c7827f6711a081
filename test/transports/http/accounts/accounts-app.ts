// The account routes in the whole application, with keys and a clock of the test's own; passwords that are checked are
// noted.
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { createPasswordHasher } from '../../../../src/adapters/argon2/password-hasher.ts'
import { createTokenIssuer } from '../../../../src/adapters/jose/token-issuer.ts'
import { createTokenVerifier } from '../../../../src/adapters/jose/token-verifier.ts'
import { createCredentialStore } from '../../../../src/adapters/postgres/credentials.ts'
import { createRefreshTokenStore } from '../../../../src/adapters/postgres/refresh-tokens.ts'
import { randomToken } from '../../../../src/adapters/system/random.ts'
import type { PasswordHasher } from '../../../../src/core/auth.ts'
import type { Logger } from '../../../../src/core/logger.ts'
import {
  ATTEMPT_LIMITS,
  type AttemptLimits,
  createAccountRoutes,
  TOKEN_LIFETIME_SECONDS,
} from '../../../../src/transports/http/accounts/routes.ts'
import { createHttpServer } from '../../../../src/transports/http/server.ts'
import { CHEAP_HASH, type TestApp, testApp } from '../../../support/app.ts'
import { fixedClock } from '../../../support/fixed-clock.ts'
import { scratchKeys } from '../../../adapters/jose/tokens.ts'
import { PUBLIC_URL } from '../http-app.ts'

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

type Options = Readonly<{ attempts?: Partial<AttemptLimits>; passwords?: PasswordHasher }>

export const accountsApp = async (t: Test, options: Options = {}) => {
  const clock = fixedClock()
  const keys = await scratchKeys(t)
  const logged: string[] = []
  const log = (...line: unknown[]): void => void logged.push(JSON.stringify(line))
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const hasher = options.passwords ?? createPasswordHasher({ cost: CHEAP_HASH })
  const checked: string[] = []
  const passwords: PasswordHasher = {
    hash: hasher.hash,
    verify: (encoded, password) => {
      checked.push(encoded)
      return hasher.verify(encoded, password)
    },
  }
  const verifier = createTokenVerifier({ ...PARTS, keys, clock, logger })
  const settings = { ...SETTINGS, trustProxy: true }
  const rig = await testApp(t, {
    settings,
    ports: ({ database, ids }) => ({
      ...{ clock, logger, passwords, verifier },
      issuer: createTokenIssuer({ ...PARTS, keys, clock, ids }),
      credentials: createCredentialStore({ database, clock }),
      refreshTokens: createRefreshTokenStore({ database, clock, ids, randomToken }),
    }),
  })
  const app =
    options.attempts === undefined ? rig.app : await withAttempts(t, rig, options.attempts)
  return { ...clientOf(app), app, clock, logged, checked, verifier, ports: rig.ports }
}

/** The same application behind a server that lets fewer attempts pass: the real number would take minutes. */
const withAttempts = async (
  t: Test,
  { application, ports }: TestApp,
  attempts: Partial<AttemptLimits>,
): Promise<FastifyInstance> => {
  const limits = {
    tokenLifetimeSeconds: TOKEN_LIFETIME_SECONDS,
    attempts: { ...ATTEMPT_LIMITS, ...attempts },
  }
  const app = await createHttpServer({
    ...ports,
    application,
    readiness: async () => ({ ready: true }),
    jwks: () => ports.issuer.jwks(),
    settings: { ...SETTINGS, trustProxy: true },
    plugins: [createAccountRoutes({ ...ports, application, settings: limits })],
  })
  t.teardown(() => app.close())
  return app
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
