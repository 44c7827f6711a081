// The composition root: makes the real adapters and assembles the application from them. Together
// with compose/ it is the only place that names adapters.
import { once } from 'node:events'
import path from 'node:path'
import { createPasswordHasher } from './adapters/argon2/password-hasher.ts'
import { createBullWorkQueue } from './adapters/bullmq/work-queue.ts'
import { createFileBlobStore } from './adapters/files/blob-store.ts'
import { createOutbound } from './adapters/outbound/outbound.ts'
import { createPostgresCheckpoints } from './adapters/postgres/checkpoints.ts'
import { createCredentialStore } from './adapters/postgres/credentials.ts'
import { createPostgresMqttSessions } from './adapters/postgres/mqtt-sessions.ts'
import { createNotifications } from './adapters/postgres/notifications.ts'
import { createOAuthStore } from './adapters/postgres/oauth-store.ts'
import { createRefreshTokenStore } from './adapters/postgres/refresh-tokens.ts'
import { refreshStatistics } from './adapters/postgres/statistics.ts'
import { createPrometheusMetrics } from './adapters/prometheus/metrics.ts'
import { createSandboxPayments } from './adapters/sandbox-payments/provider.ts'
import { systemClock } from './adapters/system/clock.ts'
import { createCursorCodec } from './adapters/system/cursor-codec.ts'
import { uuidV7 } from './adapters/system/ids.ts'
import { randomFraction, randomToken } from './adapters/system/random.ts'
import { assemble, type Pawtrail } from './assemble.ts'
import type { Tools } from './cli/tools.ts'
import { hasWaitingListOf, publicUrlOf, writeOnlyApplication } from './compose/application.ts'
import { banner } from './compose/banner.ts'
import { closeWithin, type Closing } from './compose/closing.ts'
import { knownPort, listenHttp } from './compose/http.ts'
import { bridgeChoiceOf, listenMqtt, openMqttBroker } from './compose/mqtt.ts'
import { createLogger, type Pino } from './compose/logger.ts'
import type { Server } from './compose/server.ts'
import { openStore, type Store } from './compose/store.ts'
import { openTokens } from './compose/tokens.ts'
import { openWebhookStore } from './compose/webhook-store.ts'
import { createTools } from './compose/tools.ts'
import type { Config } from './config.ts'
import type { Metrics } from './core/metrics.ts'
import { seedDemo } from './demo/demo.ts'

export type RunningPawtrail = Readonly<{
  url: string
  banner: string
  /** False: not everything ended in time and without a fault. */
  stop(): Promise<boolean>
}>

const CLOSE_MARGIN_MS = 5_000 // over the grace of open requests: to finish what is in hand and to empty queues
const DEMO_SHOWN_WITHIN_MS = 10_000

const clock = systemClock
const ids = uuidV7(clock)

/**
 * Whoever started the server need not stop it: it is stopped with the rest, also when the start fails or is given up
 * by the signal.
 */
export const startPawtrail = async (
  settings: Config,
  { server, logger, signal }: Readonly<{ server: Server; logger: Pino; signal: AbortSignal }>,
): Promise<RunningPawtrail> => {
  const opened: Closing[] = []
  const stop = async (): Promise<boolean> => {
    const isClean = await closeWithin(settings.shutdownGraceMs + CLOSE_MARGIN_MS, opened, logger)
    await server.stop(isClean ? 'orderly' : 'soon')
    return isClean
  }
  const giveUp = async (): Promise<void> => {
    await closeWithin(CLOSE_MARGIN_MS, opened, logger)
    await server.stop('soon')
  }
  try {
    signal.throwIfAborted()
    const config = { ...settings, port: await knownPort(settings) }
    const { url, mqtt } = await unlessAborted(signal, startOn(server, { config, logger, opened }))
    return {
      url,
      banner: banner(config, url, mqtt),
      stop: async () => {
        logger.info({}, 'stopping')
        const isClean = await stop()
        logger.info({}, 'stopped')
        return isClean
      },
    }
  } catch (error) {
    await (signal.aborted ? giveUp() : stop())
    throw error
  }
}

/** Adds to what is opened, in its order. */
const startOn = async (
  server: Server,
  { config, logger, opened }: Readonly<{ config: Config; logger: Pino; opened: Closing[] }>,
): Promise<Readonly<{ url: string; mqtt: string }>> => {
  const metrics = createPrometheusMetrics()
  const store = await openStore(server, { config, logger, metrics })
  opened.push(store.close)
  const { pawtrail, close } = await openApplication(config, { store, logger, metrics })
  opened.push(close, () =>
    within(config.shutdownGraceMs, pawtrail.stop(), () => {
      pawtrail.http.server.closeAllConnections()
    }),
  )
  const isSeeded = config.seedDemo && (await seed(config, store))
  await pawtrail.start()
  const { readModel } = pawtrail.application
  if (isSeeded) await readModel.waitFor(await store.eventStore.head(), DEMO_SHOWN_WITHIN_MS)
  await listenHttp(config, (address) => pawtrail.http.listen(address))
  const mqtt = await listenMqtt(config, pawtrail.mqtt, logger)
  const url = publicUrlOf(config)
  logger.info({ url }, 'listening')
  return { url, mqtt }
}

/** Before policies and other consumers run: they find the demo whole. */
const seed = (config: Config, store: Store): Promise<boolean> => {
  const application = writeOnlyApplication(config, { store, ids })
  return seedDemo({ application, eventStore: store.eventStore, clock, ids, randomToken })
}

/** Cheap: the database is reached for by the first command that needs it. */
export const openTools = async (config: Config): Promise<Tools> =>
  createTools({ config, ids, logger: createLogger({ ...config, logLevel: 'warn' }) })

type Parts = Readonly<{
  store: Store
  logger: Pino
  metrics: Metrics & Readonly<{ text: () => Promise<string> }>
}>

const openApplication = async (
  config: Config,
  { store, logger, metrics }: Parts,
): Promise<Readonly<{ pawtrail: Pawtrail; close(): Promise<void> }>> => {
  const { database, eventStore, url, role } = store
  const tokens = await openTokens(config, { logger, ids })
  const notifications = createNotifications({
    url,
    logger,
    ...(role === undefined ? {} : { role }),
  })
  const pawtrail = await assemble(
    {
      ...tokens,
      clock,
      ids,
      random: randomFraction,
      randomToken,
      logger,
      metrics,
      metricsText: metrics.text,
      eventStore,
      checkpoints: createPostgresCheckpoints({ database }),
      cursors: createCursorCodec(eventStore.identity),
      database,
      searches: store.searches,
      projectionDatabase: store.projectionDatabase,
      refreshStatistics: refreshStatistics(store.admin),
      notifications,
      blobs: createFileBlobStore({ directory: path.join(config.dataDir, 'blobs') }),
      payments: createSandboxPayments({ clock }),
      mqttSessions: createPostgresMqttSessions({ database }),
      mqttBroker: await openMqttBroker(config, eventStore.identity),
      webhookStore: await openWebhookStore(config, database, logger),
      workQueue: await createBullWorkQueue({
        ...{ url, name: 'webhooks', clock, logger, isAlone: store.isAlone },
      }),
      outbound: createOutbound({ allowInsecure: config.webhooksAllowInsecure, logger }),
      passwords: createPasswordHasher(),
      credentials: createCredentialStore({ database, clock }),
      refreshTokens: createRefreshTokenStore({ database, clock, ids, randomToken }),
      oauth:
        config.jwksUrl === undefined
          ? createOAuthStore({ database, clock, ids, randomToken })
          : undefined,
    },
    {
      publicUrl: publicUrlOf(config),
      publicReads: config.publicReads,
      rateLimitPerMinute: config.rateLimitPerMinute,
      cacheMaxBytes: config.cacheMaxBytes,
      trustProxy: config.trustProxy,
      readyMaxLag: config.readyMaxLag,
      allowedOrigins: config.allowedOrigins,
      reservationTimeoutMs: config.reservationTimeoutMs,
      hasWaitingList: hasWaitingListOf(config),
      mqttBridge: bridgeChoiceOf(config),
    },
  )
  return { pawtrail, close: () => notifications.close() }
}

const unlessAborted = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const aborted = once(signal, 'abort').then((): never => {
    throw signal.reason
  })
  return Promise.race([work, aborted])
}

const within = async (ms: number, work: Promise<void>, onTimeout: () => void): Promise<void> => {
  const timer = setTimeout(onTimeout, ms)
  await work.finally(() => clearTimeout(timer))
}
