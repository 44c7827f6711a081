// One append batch as it goes over the wire: a column per argument of pawtrail.append_batch, an
// entry per event. Arrays are written as PostgreSQL array text here, because the driver's own
// encoding of them costs more than the rest; data and metadata are JSON already and stay it.
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

const ARRAYS = 13 // parameters that are arrays; data and metadata follow as JSON

export const batchQuery = (commands: readonly BatchCommand[]): BatchQuery => {
  const columns: string[] = Array.from({ length: ARRAYS }, () => '')
  let data = ''
  let metadata = ''
  for (let ordinal = 0; ordinal < commands.length; ordinal += 1) {
    const command = commands[ordinal]
    if (command === undefined) break
    addCommand(columns, command, ordinal)
    for (const event of command.storable.events) {
      data += `,${event.data}`
      metadata += `,${command.storable.metadata}`
    }
  }
  const values = columns.map((column) => `{${column.slice(1)}}`)
  values.push(`[${data.slice(1)}]`, `[${metadata.slice(1)}]`)
  return { ...APPEND, values, rowMode: 'array' }
}

/** In the order of the function's parameters; each entry is led by a comma. */
const addCommand = (columns: string[], command: BatchCommand, ordinal: number): void => {
  const { stream, expectedVersion, idempotency } = command.request
  const { events } = command.storable
  const tenantId = quote(stream.tenantId)
  const category = quote(stream.category)
  const streamId = quote(stream.id)
  const version = expectedVersion === 'any' ? -1 : expectedVersion
  const key = idempotency === undefined ? 'null' : quote(idempotency.key)
  const requestHash = idempotency === undefined ? 'null' : quote(idempotency.requestHash)
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index]
    if (event === undefined) break
    columns[0] += `,${ordinal}`
    columns[1] += `,${index + 1}`
    columns[2] += `,${events.length}`
    columns[3] += `,${tenantId}`
    columns[4] += `,${category}`
    columns[5] += `,${streamId}`
    columns[6] += `,${version}`
    columns[7] += `,${key}`
    columns[8] += `,${requestHash}`
    columns[9] += `,${event.eventId}`
    columns[10] += `,${quote(event.type)}`
    columns[11] += `,${event.schemaVersion}`
    columns[12] += `,${event.occurredAt}`
  }
}

const SPECIAL = /["\\]/
const quote = (text: string): string =>
  SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`

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
