// A stored event as a CloudEvent (CloudEvents 1.0, JSON, structured), on one line. Made once per
// event and class.
import type { StoredEvent } from '../../core/event.ts'
import { SHARED_TENANT } from '../../core/ids.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Visibility } from './types.ts'

const SEQUENCE_DIGITS = 20

export type EnvelopeParts = Readonly<{
  event: StoredEvent // decoded
  subject: string
  cursor: string
  data: JsonObject // what the class may see
  visibility: Visibility
  schemaBase: string // absolute: CloudEvents wants a URI here, where `source` may be a reference
}>

export const cloudEventJson = ({
  event,
  subject,
  cursor,
  data,
  visibility,
  schemaBase,
}: EnvelopeParts): string => {
  // Who and what caused it concerns staff only. What is undefined is left out: extension attributes are never null in
  // CloudEvents. Written out: a spread into a literal costs as much as half of this.
  const metadata = visibility === 'staff' ? event.metadata : undefined
  return JSON.stringify({
    specversion: '1.0',
    id: `evt_${event.eventId}`,
    source: event.tenantId === SHARED_TENANT ? '/shared' : `/tenants/${event.tenantId}`,
    type: event.type,
    subject,
    time: event.occurredAt,
    recordedtime: event.recordedAt,
    datacontenttype: 'application/json',
    dataschema: `${schemaBase}/schemas/${event.type}/${String(event.schemaVersion)}`,
    sequence: String(event.position).padStart(SEQUENCE_DIGITS, '0'),
    cursor,
    partitionkey: event.streamId,
    correlationid: metadata?.correlationId,
    causationid: metadata?.causationId ?? undefined,
    actorkind: metadata?.actor.kind,
    actorid: metadata?.actor.id,
    data,
  })
}
