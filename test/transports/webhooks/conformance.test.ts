// The common suite of transports over webhooks, of endpoints in strict mode: in parallel mode the order is one of each
// subject, which is shown beside this file.
import t from 'tap'
import { transportContract } from '../../contracts/transport/contract.ts'
import { testDatabase } from '../../support/database.ts'
import { webhookStage } from './stage.ts'

t.setTimeout(180_000)

t.test('webhooks', async (t) => {
  const { database } = await testDatabase(t)
  await transportContract(t, {
    make: (t) => webhookStage(t, database),
    features: { countsDeliveries: false, earlierLog: 'refused', outlivesToken: true },
  })
})
