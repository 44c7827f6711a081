// What was stored stays readable: one file for every version of every event, as it was written when
// it was new.
import t from 'tap'
import { createEventCodec, decodeEvent, encodeEvent } from '../../src/events/codec.ts'
import { definitions, type DomainEvent } from '../../src/events/registry.ts'
import { aStoredEvent } from '../support/builders.ts'
import { readGolden } from '../support/golden-events.ts'

const versionsOf = (version: number): number[] => Array.from({ length: version }, (_, n) => n + 1)

for (const { type, version, schema, sample, upcasts } of definitions) {
  void t.test(`${type} can be read in every version that was ever stored`, async (t) => {
    for (const stored of versionsOf(version)) {
      const golden = await readGolden(type, stored)
      t.match(golden, { type, schemaVersion: stored })
      const decoded = decodeEvent(aStoredEvent(golden))
      t.equal(decoded.schemaVersion, version)
      t.strictSame(schema.parse(decoded.data), decoded.data, 'fits the current schema')
    }
  })

  void t.test(
    `${type} has an upcast from every older version, and none from its own`,
    async (t) => {
      t.strictSame(Object.keys(upcasts).map(Number), versionsOf(version - 1))
    },
  )

  void t.test(`${type} survives being written and read`, async (t) => {
    const event = { type, data: sample, occurredAt: '2026-08-22T10:00:00.000Z' }
    const written = encodeEvent(event as DomainEvent, { eventId: 'e-1' })
    const throughJson: unknown = JSON.parse(JSON.stringify(written))
    t.strictSame(throughJson, written, 'is JSON')
    const read = decodeEvent(aStoredEvent(written))
    t.strictSame({ type: read.type, data: read.data, occurredAt: read.occurredAt }, event)
  })
}

void t.test('a golden file that does not fit its event is noticed', async (t) => {
  const golden = await readGolden('pet.removed', 1)
  const schema = definitions.find(({ type }) => type === golden.type)?.schema
  t.notOk(schema?.safeParse({ ...golden.data, reason: 7 }).success)
  t.notOk(schema?.safeParse({ ...golden.data, more: true }).success)
  t.throws(() => createEventCodec([]).decode(aStoredEvent(golden)), { code: 'unknown_event' })
})
