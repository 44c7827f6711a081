// One measurement and at most one log line for each answer, by route and not by path.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../../core/logger.ts'
import type { Labels, Metrics } from '../../core/metrics.ts'
import type { Hook } from './guard.ts'
import { pathOf } from './errors.ts'

const SLOW_MS = 1_000

/** Makes the onResponse hook of a route. Label sets are made once, so that the exporter finds its series again. */
export const observeResponses =
  (options: Readonly<{ logger: Logger; metrics: Metrics }>) =>
  (route: string): Hook => {
    const labels = new Map<string, Labels>()
    return (request, reply, done) => {
      const series = `${request.method} ${reply.statusCode}`
      let known = labels.get(series)
      if (known === undefined) {
        known = { method: request.method, route, status: String(reply.statusCode) }
        labels.set(series, known)
      }
      const elapsedMs = reply.elapsedTime
      options.metrics.observe('pawtrail_http_request_duration_seconds', elapsedMs / 1000, known)
      log(options.logger, { request, reply, elapsedMs })
      done()
    }
  }

type Answered = Readonly<{ request: FastifyRequest; reply: FastifyReply; elapsedMs: number }>

const log = (logger: Logger, { request, reply, elapsedMs }: Answered): void => {
  const isUnavailable = reply.statusCode === 503 // for now; what is behind it, if anything, is logged by itself
  const isFault = reply.statusCode >= 500 && !isUnavailable
  const isSlow = elapsedMs > SLOW_MS
  const fields = (): Readonly<Record<string, unknown>> => ({
    requestId: request.id,
    method: request.method,
    path: pathOf(request.raw.url),
    status: reply.statusCode,
    elapsedMs: Math.round(elapsedMs),
  })
  if (isFault) logger.error(fields(), 'request answered with a fault')
  else if (isUnavailable) logger.warn(fields(), 'request answered as unavailable')
  else if (isSlow) logger.warn(fields(), 'slow request')
  else if (isLoggingDebug(logger)) logger.debug(fields(), 'request answered')
}

/** pino tells whether debug lines are written; the fields of a line that is not are never gathered. */
const isLoggingDebug = (
  logger: Logger & { isLevelEnabled?: (level: string) => boolean },
): boolean => logger.isLevelEnabled?.('debug') ?? true
