// A sample of an event as its consumers would get it: through the feed's own envelope and the registry's own view of
// what is public, so that a sample cannot say more than the feed does.
import type { StoredEvent } from '../../core/event.ts'
import { tenantIdSchema } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { EventDefinition } from '../../events/definition.ts'
import { publicDataOf, subjectOf } from '../../events/registry.ts'
import { cloudEventJson } from '../feed/envelope.ts'

export type Samples = Readonly<{ staff: JsonObject; public: JsonObject | null }>

const TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a')
const STREAM = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const EVENT = '0199f3a0-7c1e-7a01-8000-0000000012ab'
const CAUSE = '0199f3a0-7c1e-7a01-8000-0000000012aa'
export const SAMPLE_CURSOR = 'zQ3mXk0pV7uJ1dYwR8sTeA'

export type Registered = Readonly<{ definition: EventDefinition; category: string }>

export const samplesOf = (registered: Registered, schemaBase: string): Samples => {
  const event = sampleEvent(registered)
  const inClass = (visibility: 'staff' | 'public', data: JsonObject): JsonObject => {
    const subject = subjectOf(event)
    const parts = { event, subject, cursor: SAMPLE_CURSOR, data, visibility, schemaBase }
    return JSON.parse(cloudEventJson(parts)) as JsonObject
  }
  const publicly = publicDataOf(event)
  return {
    staff: inClass('staff', event.data),
    public: publicly === undefined ? null : inClass('public', publicly),
  }
}

const sampleEvent = ({ definition, category }: Registered): StoredEvent => ({
  position: 4711,
  tenantId: TENANT,
  category,
  streamId: STREAM,
  version: 3,
  eventId: EVENT,
  type: definition.type,
  schemaVersion: definition.version,
  data: definition.sample as JsonObject,
  metadata: {
    actor: { kind: 'user', id: '0199f3a0-7c1e-7a01-8000-0000000000f1' },
    correlationId: '0199f3a0-7c1e-7a01-8000-0000000012a0',
    causationId: CAUSE,
  },
  occurredAt: '2026-08-22T10:00:00.123Z',
  recordedAt: '2026-08-22T10:00:00.131Z',
})
