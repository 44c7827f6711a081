// Old shapes are lifted, new ones stop: what this build does not know is never guessed.
import t from 'tap'
import { z } from 'zod'
import { createEventCodec, decodeEvent, encodeEvent } from '../../src/events/codec.ts'
import { defineEvent } from '../../src/events/definition.ts'
import type { DomainEvent } from '../../src/events/registry.ts'
import { aPetAdmitted, aStoredEvent } from '../support/builders.ts'

// Version 1 had one name; 2 split it; 3 named the parts anew and counts the legs.
const seen = defineEvent({
  type: 'unicorn.seen',
  version: 3,
  summary: 'A unicorn was seen.',
  schema: z.strictObject({ given: z.string(), family: z.string(), legs: z.int() }),
  sample: { given: 'Ada', family: 'Horn', legs: 4 },
  personal: [],
  visibleToPublic: 'all',
  upcasts: {
    1: ({ name }) => {
      const [first = '', last = ''] = String(name).split(' ')
      return { first, last }
    },
    2: ({ first, last }) => ({ given: String(first), family: String(last), legs: 4 }),
  },
})
const codec = createEventCodec([seen])
const current = { given: 'Ada', family: 'Horn', legs: 4 }

void t.test('every older version is lifted to the current one, step by step', async (t) => {
  const stored = (schemaVersion: number, data: Record<string, string | number>) =>
    aStoredEvent({ type: 'unicorn.seen', schemaVersion, data })
  for (const old of [
    stored(1, { name: 'Ada Horn' }),
    stored(2, { first: 'Ada', last: 'Horn' }),
    stored(3, current),
  ]) {
    t.strictSame(codec.decode(old), { ...old, schemaVersion: 3, data: current })
  }
})

void t.test('an event of the current version is handed on without a copy', async (t) => {
  const stored = aStoredEvent({ type: 'unicorn.seen', schemaVersion: 3, data: current })
  t.equal(codec.decode(stored), stored)
})

void t.test('an event is written in the current version', async (t) => {
  const event = { type: 'unicorn.seen', data: current, occurredAt: '2026-08-22T10:00:00.000Z' }
  t.strictSame(codec.encode(event, { eventId: 'e-1' }), {
    ...event,
    eventId: 'e-1',
    schemaVersion: 3,
  })
})

void t.test("a version above this build's stops, and says what and where", async (t) => {
  const stored = aStoredEvent({ type: 'unicorn.seen', schemaVersion: 4, data: {}, position: 77 })
  t.throws(() => codec.decode(stored), {
    code: 'unknown_event',
    message: 'unicorn.seen version 4 at position 77: this build knows versions up to 3',
  })
})

void t.test('an unknown type stops, and says what and where', async (t) => {
  const stored = aStoredEvent({ type: 'dragon.seen', schemaVersion: 2, data: {}, position: 78 })
  t.throws(() => decodeEvent(stored), {
    code: 'unknown_event',
    message: 'dragon.seen version 2 at position 78: its type is not registered',
  })
})

void t.test('a version below the first, or one whose upcast is gone, stops', async (t) => {
  const holed = createEventCodec([{ ...seen, upcasts: { 2: (data) => data } }])
  const stored = (schemaVersion: number) =>
    aStoredEvent({ type: 'unicorn.seen', schemaVersion, data: { name: 'Ada Horn' } })
  t.throws(() => codec.decode(stored(0)), { code: 'unknown_event' })
  t.throws(() => holed.decode(stored(1)), { code: 'unknown_event' })
})

void t.test('an event that breaks its own schema is never written', async (t) => {
  const good = aPetAdmitted()
  const bad = [
    { ...good, data: { ...good.data, status: 'SOLD' } },
    { ...good, data: { ...good.data, password: 'x' } },
    { ...good, data: { ...good.data, intake: undefined } },
  ]
  for (const event of bad) {
    t.throws(() => encodeEvent(event as DomainEvent, { eventId: 'e-1' }), /does not fit its schema/)
  }
  t.throws(() => encodeEvent({ ...good, occurredAt: 'now' }, { eventId: 'e-1' }), /at no time/)
  const unknown = { type: 'dragon.seen', data: {}, occurredAt: good.occurredAt }
  t.throws(() => codec.encode(unknown, { eventId: 'e-1' }), /not registered/)
})
