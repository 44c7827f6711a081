// One measurement and at most one log line for each answer, by route and not by path.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../../core/logger.ts'
import type { Labels, Metrics } from '../../core/metrics.ts'
import { pathOf } from './errors.ts'

const SLOW_MS = 1_000

export type Answered = Readonly<{
  method: string
  url: string | undefined
  status: number
  requestId: string
  elapsedMs: number
}>
/** Takes notice of an answer of one route. */
export type Observe = (answered: Answered) => void

/** Label sets are made once, so that the exporter finds its series again. */
export const observeResponses =
  (options: Readonly<{ logger: Logger; metrics: Metrics }>) =>
  (route: string): Observe => {
    const labels = new Map<string, Labels>()
    return (answered) => {
      const { method, status, elapsedMs } = answered
      const series = `${method} ${status}`
      let known = labels.get(series)
      if (known === undefined) {
        known = { method, route, status: String(status) }
        labels.set(series, known)
      }
      options.metrics.observe('pawtrail_http_request_duration_seconds', elapsedMs / 1000, known)
      log(options.logger, answered)
    }
  }

export const answeredOf = (request: FastifyRequest, reply: FastifyReply): Answered => ({
  method: request.method,
  url: request.raw.url,
  status: reply.statusCode,
  requestId: request.id,
  elapsedMs: reply.elapsedTime,
})

const log = (logger: Logger, answered: Answered): void => {
  const isUnavailable = answered.status === 503 // for now; what is behind it, if anything, is logged by itself
  const isFault = answered.status >= 500 && !isUnavailable
  const isSlow = answered.elapsedMs > SLOW_MS
  const fields = (): Readonly<Record<string, unknown>> => ({
    requestId: answered.requestId,
    method: answered.method,
    path: pathOf(answered.url),
    status: answered.status,
    elapsedMs: Math.round(answered.elapsedMs),
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
