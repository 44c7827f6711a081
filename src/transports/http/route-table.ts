// OPTIONS and 405 for every path, made from the routes that exist, so that Allow is never out of date.
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { pathOf } from './errors.ts'
import { ProblemError } from './problem.ts'

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'QUERY',
  'OPTIONS',
  'TRACE',
] as const
const PREFLIGHT_MAX_AGE_SECONDS = '7200'
const DEFAULT_REQUEST_HEADERS =
  'Authorization, Content-Type, X-Tenant-ID, Idempotency-Key, If-Match, If-None-Match, Wait-For-Cursor, ' +
  'Last-Event-ID, X-Request-Id'

/** `scope`: where the path's routes were added; what is made of them says no as they do. */
type Path = {
  scope: FastifyInstance
  methods: Set<string>
  authenticatesItself: boolean
  acceptQuery?: string
  acceptPatch?: string
}

export type RouteTable = Readonly<{
  close: () => void
  /** What the path of a request has, when its method is one that is routed nowhere, such as PROPFIND. */
  allowOf: (request: FastifyRequest) => string | undefined
}>

/** Watches routes being added. Call `close` after the last one. */
export const watchRoutes = (app: FastifyInstance): RouteTable => {
  const paths = new Map<string, Path>()
  let isOpen = true
  app.addHook('onRoute', function (route) {
    if (!isOpen) return
    note(paths, this, route)
    if ([route.method].flat().includes('OPTIONS'))
      answerPreflights(route, () => paths.get(route.url))
  })
  return {
    close: () => {
      isOpen = false
      for (const [url, path] of paths) completePath(url, path)
    },
    allowOf: ({ method, raw }) => {
      if ((METHODS as readonly string[]).includes(method)) return undefined
      const place = pathOf(raw.url)
      const found = [...paths].find(([url]) => patternOf(url).test(place))
      return found === undefined ? undefined : allowOf(found[1])
    },
  }
}

const patternOf = (url: string): RegExp =>
  new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)

export const notAllowed = (method: string, allow: string): ProblemError =>
  new ProblemError('method-not-allowed', `${method} is not allowed here.`, { headers: { allow } })

const note = (paths: Map<string, Path>, scope: FastifyInstance, route: RouteOptions): void => {
  const path = paths.get(route.url) ?? {
    ...{ scope, methods: new Set() },
    authenticatesItself: route.config?.authenticatesItself === true,
  }
  for (const method of [route.method].flat()) path.methods.add(method.toUpperCase())
  if (route.config?.acceptQuery !== undefined) path.acceptQuery = route.config.acceptQuery
  if (route.config?.acceptPatch !== undefined) path.acceptPatch = route.config.acceptPatch
  paths.set(route.url, path)
}

const allowOf = (path: Path): string =>
  METHODS.filter((method) => method === 'OPTIONS' || path.methods.has(method)).join(', ')

const preflightFields = (path: Path, request: FastifyRequest) => ({
  'access-control-allow-methods': allowOf(path),
  'access-control-allow-headers':
    request.headers['access-control-request-headers'] ?? DEFAULT_REQUEST_HEADERS,
  'access-control-max-age': PREFLIGHT_MAX_AGE_SECONDS,
  vary: 'Access-Control-Request-Headers',
})

/** A transport that answers OPTIONS itself names its methods; what a browser asks before a request is said for it. */
const answerPreflights = (route: RouteOptions, find: () => Path | undefined): void => {
  route.config = { ...route.config, isOpen: true }
  route.onRequest = (request, reply, done) => {
    const path = find()
    if (path !== undefined) reply.headers(preflightFields(path, request))
    done()
  }
}

const completePath = (url: string, path: Path): void => {
  const { scope } = path
  const allow = allowOf(path)
  const headers = {
    allow,
    ...(path.acceptQuery === undefined ? {} : { 'accept-query': path.acceptQuery }),
    ...(path.acceptPatch === undefined ? {} : { 'accept-patch': path.acceptPatch }),
  }
  if (!path.methods.has('OPTIONS')) {
    scope.route({
      method: 'OPTIONS',
      url,
      config: { isOpen: true },
      schema: { hide: true },
      // Before the body is read: it says nothing here.
      onRequest: (request, reply) =>
        void reply
          .code(204)
          .headers({ ...headers, ...preflightFields(path, request) })
          .send(),
      handler: () => undefined,
    })
  }
  const refused = METHODS.filter((method) => method !== 'OPTIONS' && !path.methods.has(method))
  if (refused.length === 0) return
  scope.route({
    method: refused,
    url,
    exposeHeadRoute: false,
    config: { authenticatesItself: path.authenticatesItself },
    schema: { hide: true },
    // Before the body is read: what it is does not matter any more.
    onRequest: (request, _reply, done) => done(notAllowed(request.method, allow)),
    handler: () => undefined,
  })
}
