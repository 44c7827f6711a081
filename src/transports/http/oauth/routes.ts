// OAuth 2 as an authorization server of our own: tokens for clients of others, with the consent of users. Secrets,
// codes, tokens and passwords are in no log line and in no error.
import type { FastifyInstance } from 'fastify'
import { installAuthorizeRoutes } from './authorize.ts'
import { installDevicePages, installDeviceStart } from './device.ts'
import { answerWithJson, toOAuthError } from './errors.ts'
import { createFormTokens } from './form-token.ts'
import { installMetadata } from './metadata.ts'
import type { OAuthOptions } from './options.ts'
import { sendRefusal } from './pages.ts'
import { takeFormsOnly } from './parameters.ts'
import { installRevokeRoute } from './revoke.ts'
import { createSignIn } from './sign-in.ts'
import { installTokenRoute } from './token.ts'

export type { OAuthOptions } from './options.ts'

/** Two scopes: programs are answered with JSON, people with pages, also when something is wrong. */
export const createOAuthRoutes =
  (options: OAuthOptions) =>
  async (app: FastifyInstance): Promise<void> => {
    const { publicUrl } = options.settings
    const formTokens = createFormTokens({ publicUrl, randomToken: options.randomToken })
    const signIn = await createSignIn(options)
    await app.register(async (scope) => {
      takeFormsOnly(scope)
      scope.setErrorHandler(answerWithJson)
      installMetadata(scope, publicUrl)
      installTokenRoute(scope, options)
      installDeviceStart(scope, options)
      installRevokeRoute(scope, options)
    })
    await app.register(async (scope) => {
      takeFormsOnly(scope)
      scope.setErrorHandler((error, _request, reply) => {
        const { status, message, headers } = toOAuthError(error)
        return sendRefusal(reply.headers(headers), status, message)
      })
      installAuthorizeRoutes(scope, { options, formTokens, signIn })
      installDevicePages(scope, { options, formTokens, signIn })
    })
  }
