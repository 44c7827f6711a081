// The memory adapter keeps the contract of MQTT sessions, and an adapter that does nothing fails every case of it.
import t from 'tap'
import { createMemoryMqttSessions } from '../../../src/adapters/memory/mqtt-sessions.ts'
import type { MqttSessions } from '../../../src/core/mqtt-sessions.ts'
import { mqttSessionsCases, mqttSessionsContract, SHORT_MS } from '../../contracts/mqtt-sessions.ts'
import { fixedClock } from '../../support/fixed-clock.ts'

t.test('keeps the contract', (t) =>
  mqttSessionsContract(t, async () => {
    const clock = fixedClock()
    return {
      sessions: createMemoryMqttSessions({ clock }),
      pass: async () => clock.advance(SHORT_MS + 1),
    }
  }),
)

const doesNothing: MqttSessions = {
  open: async () => ({ kind: 'too_many' }),
  save: async () => true,
  remove: async () => {},
  removeExpired: async () => 0,
}

for (const [title, run] of mqttSessionsCases) {
  t.test(`one that does nothing fails: ${title}`, (t) =>
    t.rejects(run({ sessions: doesNothing, pass: async () => {} })),
  )
}
