// The classic profile: the same pets and shelters at the root, with snake_case names, integer ids and bare
// arrays. A scope of its own, so that every refusal in it is in its own words.
import type { FastifyPluginAsync } from 'fastify'
import { installErrorHandling } from '../errors.ts'
import type { RouteParts } from '../options.ts'
import { markClassicScope, sendClassicError } from './manner.ts'
import { petRoutes } from './pets/routes.ts'
import { shelterRoutes } from './shelters/routes.ts'
import { classicValidator } from './validation.ts'

const PREFIXES = [
  { prefix: '', alias: '' },
  { prefix: '/classic', alias: 'Alias' },
] as const

export const classicScope =
  (parts: RouteParts): FastifyPluginAsync =>
  async (scope) => {
    markClassicScope(scope)
    installErrorHandling(scope, parts.logger, sendClassicError)
    scope.setValidatorCompiler(classicValidator)
    for (const { prefix, alias } of PREFIXES) {
      petRoutes(scope, parts, { url: `${prefix}/pets`, name: `Classic${alias}` })
      shelterRoutes(scope, parts, { url: `${prefix}/shelters`, name: `Classic${alias}` })
    }
  }
