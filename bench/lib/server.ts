// One embedded PostgreSQL in a temporary folder for a benchmark's whole run.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/adapters/embedded-postgres/server.ts'
import { migrate } from '../../src/adapters/postgres/migrate.ts'
import { silentLogger } from '../../src/core/logger.ts'

const migrations = new URL('../../infra/migrations', import.meta.url).pathname

/** Gives the URL of a migrated database; the server and its folder are gone afterwards. */
export const withPostgres = async (work: (url: string) => Promise<void>): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawtrail-bench-'))
  const server = await startEmbeddedPostgres({ dataDir, logger: silentLogger })
  try {
    await migrate({ url: server.url, directory: migrations, logger: silentLogger })
    await work(server.url)
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
