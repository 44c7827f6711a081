// The leases of processes that are known to be dead.
import type { SqlExecutor, Statement } from '../../../core/sql.ts'

// A few rows an instance: once a start. The fence stays: who takes a lease raises it.
const RELEASE_ALL: Statement = {
  name: 'webhook_endpoints_release_all',
  text: 'update pawtrail.webhook_endpoints set owner = null, lease_until = null where owner is not null',
}

/** Only when nobody else can be running: after a crash the next process then need not wait for a lease to end. */
export const releaseWebhookLeases = async (database: SqlExecutor): Promise<void> => {
  await database.query(RELEASE_ALL)
}
