// The PostgreSQL adapter keeps the checkpoints' contract on a real server, under the program's own role.
import t from 'tap'
import { createPostgresCheckpoints } from '../../../src/adapters/postgres/checkpoints.ts'
import { checkpointsContract, SHORT_MS } from '../../contracts/checkpoints.ts'
import { testDatabase } from '../../support/database.ts'

t.test('keeps the contract', async (t) => {
  const { database, admin } = await testDatabase(t)
  await checkpointsContract(t, async () => {
    await admin.query('truncate pawtrail.checkpoints, pawtrail.parked')
    return {
      checkpoints: createPostgresCheckpoints({ database }),
      silence: async () => {
        await admin.query(`select pg_sleep(${(SHORT_MS + 10) / 1_000})`)
      },
    }
  })
})
