// Webhook endpoints with their secrets sealed by this installation's key.
import path from 'node:path'
import { createSecretBox } from '../adapters/files/secret-box.ts'
import { createWebhookStore } from '../adapters/postgres/webhook-store/store.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../core/logger.ts'
import type { SqlDatabase } from '../core/sql.ts'
import type { WebhookStore } from '../core/webhooks.ts'

export const webhookStoreOf = (
  { dataDir, webhookSecretsKeys: keys }: Config,
  database: SqlDatabase,
): WebhookStore => {
  const secretBox = createSecretBox({ directory: path.join(dataDir, 'keys'), keys })
  return createWebhookStore({ database, secretBox })
}

/** Secrets from before they were sealed are sealed first. */
export const openWebhookStore = async (
  config: Config,
  database: SqlDatabase,
  logger: Logger,
): Promise<WebhookStore> => {
  const store = webhookStoreOf(config, database)
  const sealed = await store.sealSecrets()
  if (sealed > 0) logger.info({ sealed }, 'sealed webhook secrets that were stored as they are')
  return store
}
