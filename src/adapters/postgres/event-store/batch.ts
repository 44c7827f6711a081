// One append batch as it goes over the wire: a column per argument of pawtrail.append_batch, an
// entry per event. Arrays are written as PostgreSQL array text here, because the driver's own
// encoding of them costs more than the rest.
import type { StorableAppend } from '../../../core/append-check.ts'
import type { AppendOutcome, AppendRequest } from '../../../core/event-store.ts'
import type { TenantId } from '../../../core/ids.ts'

export type BatchCommand = Readonly<{ request: AppendRequest; storable: StorableAppend }>

// One name and one text for every size of batch, so that the server plans it once. The function
// does the work.
const APPEND = {
  name: 'append_batch',
  text: 'select * from pawtrail.append_batch($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)',
} as const

export type BatchQuery = Readonly<{
  name: string
  text: string
  values: string[]
  rowMode: 'array'
}>

export const batchQuery = (commands: readonly BatchCommand[]): BatchQuery => {
  const columns: string[][] = Array.from({ length: 15 }, () => [])
  commands.forEach((command, ordinal) => addCommand(columns, command, ordinal))
  return { ...APPEND, values: columns.map((column) => `{${column.join(',')}}`), rowMode: 'array' }
}

const addCommand = (columns: string[][], command: BatchCommand, ordinal: number): void => {
  const { stream, expectedVersion, idempotency } = command.request
  const { events, metadata } = command.storable
  const before = [
    quote(stream.tenantId),
    quote(stream.category),
    quote(stream.id),
    expectedVersion === 'any' ? '-1' : String(expectedVersion),
    idempotency === undefined ? 'null' : quote(idempotency.key),
    idempotency === undefined ? 'null' : quote(idempotency.requestHash),
  ]
  const quotedMetadata = quote(metadata)
  events.forEach((event, index) => {
    const row = [
      String(ordinal),
      String(index + 1),
      String(events.length),
      ...before,
      event.eventId,
      quote(event.type),
      String(event.schemaVersion),
      quote(event.data),
      quotedMetadata,
      quote(event.occurredAt),
    ]
    row.forEach((value, column) => columns[column]?.push(value))
  })
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

export type BatchRow = readonly [
  outcome: 'appended' | 'duplicate' | 'conflict' | 'key_reused',
  version: number,
  position: number | null,
  recordedAt: string,
  category: string | null,
  streamId: string | null,
]

export const outcomeOf = (row: BatchRow, tenantId: TenantId): AppendOutcome => {
  const [outcome, version, position, recordedAt, category, streamId] = row
  switch (outcome) {
    case 'appended':
      return { kind: 'appended', version, position: position ?? 0, recordedAt }
    case 'duplicate': {
      const stream = { tenantId, category: category ?? '', id: streamId ?? '' }
      return { kind: 'duplicate', stream, version, position: position ?? 0 }
    }
    case 'conflict':
      return { kind: 'conflict', actualVersion: version }
    case 'key_reused':
      return { kind: 'key_reused' }
  }
}
