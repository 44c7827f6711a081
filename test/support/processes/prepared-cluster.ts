// The data of an embedded PostgreSQL as they are right after they were made, for tests that begin after that:
// `npm test` makes them once. A test that runs by itself finds none, and the server makes them at its first start.
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** `dataDir` must not be there yet. */
export const copyPreparedCluster = async (dataDir: string): Promise<void> => {
  const prepared = process.env['PAWTRAIL_TEST_CLUSTER']
  if (prepared === undefined) return
  await mkdir(path.dirname(dataDir), { recursive: true })
  await promisify(execFile)('cp', ['-Rp', prepared, dataDir])
}
