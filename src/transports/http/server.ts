// The HTTP server: limits, hooks and routes in the order in which a request meets them.
import type { IncomingMessage } from 'node:http'
import compress from '@fastify/compress'
import fastify, { type FastifyInstance } from 'fastify'
import type { IdGenerator } from '../../core/ids.ts'
import {
  classicGuardManner,
  isClassicPath,
  isClassicScope,
  sendClassicError,
} from './classic/manner.ts'
import { classicScope } from './classic/scope.ts'
import { createShortcut } from './cached-read.ts'
import { installErrorHandling, sendProblem, toProblem } from './errors.ts'
import { tellClientsBeforeClosing } from './draining.ts'
import { createEventCursors } from './event-cursor.ts'
import {
  createGuard,
  createRateGuard,
  createReadGate,
  type Hook,
  MODERN,
  standingHeaders,
} from './guard.ts'
import { createIdempotentRunner } from './idempotency.ts'
import { inventoryRoutes } from './inventory.ts'
import { acceptsJson } from './negotiation.ts'
import { answeredOf, observeResponses } from './observe.ts'
import { collectRoutes } from './openapi/collect.ts'
import { openApiRoutes } from './openapi/routes.ts'
import { operatingRoutes } from './operating.ts'
import type { HttpServerOptions, HttpSettings, RouteParts } from './options.ts'
import { adoptionRoutes } from './adoptions/routes.ts'
import { orderRoutes } from './orders/routes.ts'
import { petRoutes } from './pets/routes.ts'
import { ProblemError } from './problem.ts'
import { createRateLimit } from './rate-limit.ts'
import { answerReady } from './ready-answers.ts'
import { createResponseCache } from './response-cache.ts'
import { notAllowed, type RouteTable, watchRoutes } from './route-table.ts'
import { shelterRoutes } from './shelters/routes.ts'
import { zodValidator } from './validation.ts'
import { createUrlMemo } from './url-memo.ts'
import {
  answerOnTheWire,
  boundConnections,
  codingInLowerCase,
  oneHost,
  pathOfTarget,
  utf8Json,
} from './wire.ts'

const API_VERSION = '1.0.0'

const LIMITS = {
  bodyBytes: 1_048_576,
  headerBytes: 16_384,
  pathParameterLength: 200,
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 30_000,
  connections: 40_000, // twice as many as live transports serve
  timeoutCheckMs: 1_000, // how late a timeout may be noticed
  idleConnectionMs: 120_000,
  keepAliveMs: 72_000,
  compressFromBytes: 1_024,
} as const

export const createHttpServer = async (options: HttpServerOptions): Promise<FastifyInstance> => {
  const parts = createParts(options)
  const app = createFastify(options, parts)
  const table = watchRoutes(app)
  const list = collectRoutes(app)
  installErrorHandling(app, options.logger, sendInManner)
  const guards = createGuards(parts)
  installHooks(app, { ...guards, observe: observeResponses(options) })
  answerNotFound(app, guards, table)
  // Reads that go through the response cache bring their own compressed bytes; this is for the others.
  await app.register(compress, {
    encodings: ['br', 'gzip'],
    requestEncodings: ['br', 'gzip', 'deflate', 'identity'], // whatever else a newer Node can unpack
    threshold: LIMITS.compressFromBytes,
  })

  operatingRoutes(app, parts)
  petRoutes(app, parts)
  inventoryRoutes(app, parts)
  shelterRoutes(app, parts)
  orderRoutes(app, parts)
  adoptionRoutes(app, parts)
  await app.register(classicScope(parts))
  for (const plugin of options.plugins) await plugin(app)
  const { publicUrl } = options.settings
  const hasOAuth = options.jwks !== undefined
  openApiRoutes(app, { publicUrl, version: API_VERSION, list, hasOAuth })
  await app.after()
  table.close()
  return app
}

const createFastify = (options: HttpServerOptions, parts: RouteParts): FastifyInstance => {
  const requestIdOf = requestIds(options.ids)
  const { requestTimeoutMs = LIMITS.requestTimeoutMs, maxConnections = LIMITS.connections } =
    options.settings
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: LIMITS.idleConnectionMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    http: {
      maxHeaderSize: LIMITS.headerBytes,
      requireHostHeader: false, // oneHost
      headersTimeout: Math.min(LIMITS.headersTimeoutMs, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(LIMITS.timeoutCheckMs, requestTimeoutMs),
    },
    schemaController: { compilersFactory: { buildValidator: isSet, buildSerializer: isSet } },
    routerOptions: { maxParamLength: LIMITS.pathParameterLength },
    trustProxy: trustProxyOf(options.settings.trustProxy),
    return503OnClosing: false, // requests under way at a stop are finished, not refused
    genReqId: requestIdOf,
    rewriteUrl: pathOfTarget,
    clientErrorHandler: () => undefined, // answerOnTheWire
    frameworkErrors: (error, request, reply) => {
      reply.headers({ 'x-content-type-options': 'nosniff', 'x-request-id': request.id })
      void sendInManner(request, reply, toProblem(error))
    },
  })
  const { publicReads, trustProxy } = options.settings
  // Behind a proxy the framework alone knows whose address is counted.
  const isCountable = parts.rateLimit === undefined || trustProxy === false
  if (publicReads && isCountable) answerReady(app.server, { ...parts, requestIdOf })
  answerOnTheWire(app.server)
  boundConnections(app.server, { metrics: options.metrics, maxConnections })
  tellClientsBeforeClosing(app)
  app.setValidatorCompiler(zodValidator)
  // Bodies are made by us, often straight from the database: checking them again would only cost time.
  app.setSerializerCompiler(() => JSON.stringify)
  app.removeContentTypeParser('text/plain')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    ['application/json', 'application/merge-patch+json'],
    { parseAs: 'buffer' },
    utf8Json(app.getDefaultJsonParser('error', 'error')),
  )
  app.decorateRequest('caller', null)
  return app
}

/** Stands where the framework would load its own compilers, which takes long: it gets ours as soon as it is made. */
const isSet = (): never => {
  throw new Error('a schema was to be compiled before there was a compiler')
}

/** The caller's own id of the request where it is fit to be shown again. */
const requestIds =
  (ids: IdGenerator) =>
  ({ headers }: IncomingMessage): string => {
    const given = headers['x-request-id']
    return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : ids()
  }

const createParts = (options: HttpServerOptions): RouteParts => {
  const { application, clock, metrics, settings } = options
  const cache = createResponseCache({
    maxBytes: settings.cacheMaxBytes,
    generation: application.readModel.generation,
    clock,
    metrics,
  })
  const memo = createUrlMemo()
  return {
    ...options,
    cache,
    memo,
    shortcut: createShortcut(memo, cache),
    eventCursors: createEventCursors(application, options.cursors),
    runIdempotent: createIdempotentRunner(),
    readGate: createReadGate(settings.publicReads),
    rateLimit: createRateLimit({ perMinute: settings.rateLimitPerMinute, clock, metrics }),
  }
}

type Guards = Readonly<{ guard: Hook; rateGuard: Hook; classicGuard: Hook }>

const createGuards = ({ verifier, rateLimit, hasLeft }: RouteParts): Guards => ({
  guard: createGuard({ verifier, rateLimit, hasLeft }),
  rateGuard: createRateGuard(rateLimit),
  classicGuard: createGuard({ verifier, rateLimit, hasLeft, manner: classicGuardManner }),
})

type Hooking = Guards & Readonly<{ observe: ReturnType<typeof observeResponses> }>

// Hooks are given to each route when it is added, so that no request has to look up what its route is.
const installHooks = (
  app: FastifyInstance,
  { guard, rateGuard, classicGuard, observe }: Hooking,
): void => {
  app.addHook('onRequest', standingHeaders)
  app.addHook('onRequest', oneHost)
  app.addHook('onRequest', codingInLowerCase)
  app.addHook('onRoute', function (route) {
    const hooks: Hook[] = []
    if (route.config?.authenticatesItself === true) hooks.push(rateGuard)
    else if (route.config?.isOpen !== true) {
      hooks.push(isClassicScope(this) ? classicGuard : guard)
    }
    if (route.config?.isJson === true) hooks.push(acceptsJson)
    route.onRequest = [...hooks, ...hooksOf(route.onRequest)]
    const observed = observe(route.url)
    const { rateFields } = isClassicScope(this) ? classicGuardManner : MODERN
    route.config = { ...route.config, observe: observed, rateFields }
    route.onResponse = [
      ...hooksOf(route.onResponse),
      (request, reply, done) => {
        observed(answeredOf(request, reply))
        done()
      },
    ]
  })
}

/** Methods that no route has never come to one, not even on a path that is there: it tells which it has. */
const answerNotFound = (app: FastifyInstance, guards: Guards, table: RouteTable): void => {
  const { guard, classicGuard } = guards
  const notFoundGuard: Hook = (request, reply, done) =>
    (isClassicPath(request.raw.url) ? classicGuard : guard)(request, reply, done)
  app.setNotFoundHandler({ preValidation: notFoundGuard }, (request) => {
    const allow = table.allowOf(request)
    if (allow !== undefined) throw notAllowed(request.method, allow)
    throw new ProblemError(
      'not-found',
      isClassicPath(request.raw.url)
        ? 'The requested endpoint does not exist.'
        : 'There is nothing at this path.',
    )
  })
}

/** Where there is no route, the path alone says whose words a refusal is in. */
const sendInManner: typeof sendProblem = (request, reply, problem) =>
  request.is404 && isClassicPath(request.raw.url)
    ? sendClassicError(request, reply, problem)
    : sendProblem(request, reply, problem)

const hooksOf = <Given>(hooks: Given | Given[] | undefined): Given[] =>
  hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks]

/** A number: so many proxies stand in front. */
const trustProxyOf = (setting: HttpSettings['trustProxy']) => {
  if (typeof setting === 'boolean') return setting
  return typeof setting === 'number'
    ? (_address: string, hop: number) => hop < setting
    : [...setting]
}
