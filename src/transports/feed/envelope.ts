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
}: EnvelopeParts): string =>
  JSON.stringify({
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
    ...(visibility === 'staff' ? provenanceOf(event) : {}),
    data,
  })

/**
 * Who and what caused it concerns staff only. Extension attributes are never null in CloudEvents:
 * absent instead.
 */
const provenanceOf = ({ metadata }: StoredEvent) => ({
  correlationid: metadata.correlationId,
  ...(metadata.causationId === null ? {} : { causationid: metadata.causationId }),
  actorkind: metadata.actor.kind,
  actorid: metadata.actor.id,
})
