// PostgreSQL, embedded unless told otherwise. It takes a while to start, so that this file imports little: main.ts
// lets it start while the rest of the program is loaded.
import path from 'node:path'
import {
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../adapters/embedded-postgres/server.ts'
import type { StopManner } from '../adapters/embedded-postgres/stopping.ts'
import { BadSetting } from '../config/bad-setting.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../core/logger.ts'
import { ensureDataDir } from './data-dir.ts'

export type Server = Readonly<{
  url: string
  eventStoreUrl: string
  isOurs: boolean // started by this process: nobody else can have been connected before
  stop(manner?: StopManner): Promise<void>
}>

/** Starts the embedded PostgreSQL, or names the one of the settings. */
export const openServer = async (
  config: Config,
  logger: Logger,
  on: Pick<EmbeddedPostgresOptions, 'onUnexpectedExit' | 'onLaunched' | 'signal'> = {},
): Promise<Server> => {
  const { databaseUrl, eventStoreUrl } = config
  if (databaseUrl !== undefined) {
    return {
      url: databaseUrl,
      eventStoreUrl: eventStoreUrl ?? databaseUrl,
      isOurs: false,
      stop: async () => {},
    }
  }
  await ensureDataDir(config)
  const dataDir = path.join(config.dataDir, 'postgres')
  const embedded = await startEmbeddedPostgres({ ...on, dataDir, logger }).catch(tellOfFolder)
  return {
    url: embedded.url,
    eventStoreUrl: eventStoreUrl ?? embedded.url,
    isOurs: !embedded.attached,
    stop: embedded.stop,
  }
}

// What keeps it from starting is in that folder or around it, and its messages are sentences.
const tellOfFolder = (cause: unknown): never => {
  throw cause instanceof Error ? new BadSetting(`DATA_DIR: ${cause.message}`, cause) : cause
}
