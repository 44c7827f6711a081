// The PostgreSQL adapter keeps the contract of MQTT sessions on a real server, under the program's own role.
import t from 'tap'
import { createPostgresMqttSessions } from '../../../src/adapters/postgres/mqtt-sessions.ts'
import { mqttSessionsContract, SHORT_MS } from '../../contracts/mqtt-sessions.ts'
import { testDatabase } from '../../support/database.ts'

t.test('keeps the contract', async (t) => {
  const { database, admin } = await testDatabase(t)
  await mqttSessionsContract(t, async () => {
    await admin.query('truncate pawtrail.mqtt_sessions')
    return {
      sessions: createPostgresMqttSessions({ database }),
      pass: async () => {
        await admin.query(`select pg_sleep(${(SHORT_MS + 10) / 1_000})`)
      },
    }
  })
})
