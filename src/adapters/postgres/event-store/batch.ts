// One append batch as it goes over the wire: a column per argument of pawtrail.append_batch, an
// entry per command or per event. Arrays are written as PostgreSQL array text here, because the
// driver's own encoding of them costs more than the rest; data and metadata are JSON already and
// travel as they are, a line each.
import type { StorableAppend } from '../../../core/append-check.ts'
import type { AppendOutcome, AppendRequest, ExpectedVersion } from '../../../core/event-store.ts'
import type { TenantId } from '../../../core/ids.ts'

export type BatchCommand = Readonly<{ request: AppendRequest; storable: StorableAppend }>

// One name and one text for every size of batch, so that the server plans it once. The function
// does the work.
const APPEND = {
  name: 'append_batch',
  text: `select * from pawtrail.append_batch(
    $1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
} as const

export type BatchQuery = Readonly<{
  name: string
  text: string
  values: string[]
  rowMode: 'array'
}>

const ARRAYS = 15 // parameters that are arrays; data and metadata follow

export const batchQuery = (commands: readonly BatchCommand[]): BatchQuery => {
  const columns: string[] = Array.from({ length: ARRAYS }, () => '')
  const hasKeys = commands.some(({ request }) => request.idempotency !== undefined)
  let events = 0
  let data = ''
  let metadata = ''
  for (let index = 0; index < commands.length; index += 1) {
    const command = commands[index]
    if (command === undefined) break
    events += command.storable.events.length
    addCommand(columns, command, events)
    if (hasKeys) addKey(columns, command)
    addEvents(columns, command, index + 1)
    for (const event of command.storable.events) {
      data += `\n${event.data}`
      metadata += `\n${command.storable.metadata}`
    }
  }
  const values = columns.map((column) => `{${column.slice(1)}}`)
  values.push(data.slice(1), metadata.slice(1))
  return { ...APPEND, values, rowMode: 'array' }
}

// In the order of the function's parameters; each entry is led by a comma.

/** `lastNumber` is the one of the command's last event among all events of the batch. */
const addCommand = (
  columns: string[],
  { request, storable }: BatchCommand,
  lastNumber: number,
): void => {
  const { stream, expectedVersion } = request
  const count = storable.events.length
  columns[0] += `,${quote(stream.tenantId)}`
  columns[1] += `,${quote(stream.category)}`
  columns[2] += `,${quote(stream.id)}`
  columns[3] += `,${expectedVersion === 'any' ? -1 : expectedVersion}`
  columns[4] += `,${count}`
  columns[5] += `,${lastVersionOf(expectedVersion, count)}`
  columns[6] += `,${lastNumber}`
}

const MAX_VERSION = 2_147_483_647

// Unknown is always allowed: the command is then judged before anything is stored.
const lastVersionOf = (expectedVersion: ExpectedVersion, count: number): number | 'null' =>
  expectedVersion === 'any' || expectedVersion > MAX_VERSION - count
    ? 'null'
    : expectedVersion + count

const addKey = (columns: string[], { request: { idempotency } }: BatchCommand): void => {
  columns[7] += idempotency === undefined ? ',null' : `,${quote(idempotency.key)}`
  columns[8] += idempotency === undefined ? ',null' : `,${quote(idempotency.requestHash)}`
}

const addEvents = (columns: string[], { storable }: BatchCommand, commandNumber: number): void => {
  let number = 0
  for (const event of storable.events) {
    number += 1
    columns[9] += `,${commandNumber}`
    columns[10] += `,${number}`
    columns[11] += `,${event.eventId}`
    columns[12] += `,${quote(event.type)}`
    columns[13] += `,${event.schemaVersion}`
    columns[14] += `,${event.occurredAt}`
  }
}

const SPECIAL = /["\\]/
const quote = (text: string): string =>
  SPECIAL.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`

/**
 * Where each command's last event went, in its stream and behind the head; null for what was
 * refused. The refusals have the same order.
 */
export type BatchRow = readonly [
  head: number,
  recordedAt: string,
  versions: readonly (number | null)[],
  numbers: readonly (number | null)[],
  refusals: readonly Refusal[] | null,
]

type Refusal =
  | Readonly<{ outcome: 'conflict' | 'key_reused'; version: number }>
  | Readonly<{
      outcome: 'duplicate'
      version: number
      position: number
      category: string
      streamId: string
    }>

/** One outcome a command, in order; undefined for one that the answer leaves out. */
export const outcomesOf = (
  [head, recordedAt, versions, numbers, refusals]: BatchRow,
  commands: readonly BatchCommand[],
): readonly (AppendOutcome | undefined)[] => {
  let refused = 0
  return commands.map(({ request }, index) => {
    const number = numbers[index]
    const version = versions[index]
    if (number === undefined || version === undefined) return undefined
    if (number !== null && version !== null) {
      return { kind: 'appended', version, position: head + number, recordedAt }
    }
    const refusal = refusals?.[refused++]
    return refusal && refusalOf(refusal, request.stream.tenantId)
  })
}

const refusalOf = (refusal: Refusal, tenantId: TenantId): AppendOutcome => {
  switch (refusal.outcome) {
    case 'duplicate': {
      const { version, position, category, streamId } = refusal
      return { kind: 'duplicate', stream: { tenantId, category, id: streamId }, version, position }
    }
    case 'conflict':
      return { kind: 'conflict', actualVersion: refusal.version }
    case 'key_reused':
      return { kind: 'key_reused' }
  }
}
