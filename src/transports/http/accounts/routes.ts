// Accounts over HTTP: users, sign-in, refresh, sign-out. Passwords and tokens are in no log line and in no error.
import type { FastifyInstance } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import { zodValidator } from '../validation.ts'
import type { AccountOptions } from './options.ts'
import { installOwnPage } from './own-page.ts'
import { createSignInLimit } from './sign-in-limit.ts'
import { installTokenRoutes, missingBodyIsEmpty } from './tokens.ts'
import { installRegistration } from './users.ts'

export { type AccountOptions, TOKEN_LIFETIME_SECONDS } from './options.ts'
export { ATTEMPT_LIMITS, type AttemptLimits, createSignInLimit } from './sign-in-limit.ts'

/** The routes get a scope of their own: what checks and writes their bodies is not for the routes of others. */
export const createAccountRoutes =
  (options: AccountOptions) =>
  async (app: FastifyInstance): Promise<void> => {
    const limit = options.signInLimit ?? createSignInLimit(options.settings.attempts)
    const decoyHash = await options.passwords.hash('the password of nobody')
    await app.register(async (scope) => {
      scope.setValidatorCompiler(zodValidator)
      scope.setSerializerCompiler(serializerCompiler)
      scope.addHook('preValidation', missingBodyIsEmpty)
      installRegistration(scope, options, limit)
      installOwnPage(scope, options, limit)
      installTokenRoutes(scope, options, { limit, decoyHash })
    })
  }
