// What the cases are made of: who consumes, what is written, and a reader with a deadline for everything it waits for.
import type { Principal } from '../../../src/core/auth.ts'
import type { Position } from '../../../src/core/event.ts'
import { OTHER_TENANT, TENANT, write, type Written } from '../../transports/feed/harness.ts'
import type { Connection, Delivered, Stage, Wanted } from './types.ts'

export const STAFF = 'staff'
export const GUEST = 'guest'
export const NEIGHBOUR = 'neighbour'
const DEADLINE_MS = 10_000
const TOKEN_LIFETIME_MS = 3_600_000

/** Staff of a tenant, somebody of the tenant without the right to see everything, and staff of another tenant. */
export const principalsAt = (nowMs: number): Map<string, Principal> => {
  const own = { kind: 'user', tenants: [TENANT], expiresAtMs: nowMs + TOKEN_LIFETIME_MS } as const
  const staff: Principal = { ...own, subject: 'u1', scopes: new Set(['read:events']) }
  return new Map([
    [STAFF, staff],
    [GUEST, { ...own, subject: 'u2', scopes: new Set(['read:pets']) }],
    [NEIGHBOUR, { ...staff, subject: 'u3', tenants: [OTHER_TENANT] }],
  ])
}

export type Reader = Readonly<{
  connection: Connection
  take: (count: number) => Promise<Delivered[]>
  /** What comes before the connection ends. */
  rest: () => Promise<Delivered[]>
}>

export const open = async (stage: Stage, wanted: Wanted = {}): Promise<Reader> =>
  readerOf(await stage.connect({ token: STAFF, tenant: TENANT, ...wanted }))

export const readerOf = (connection: Connection): Reader => {
  const iterator = connection.events[Symbol.asyncIterator]()
  const take = async (count: number): Promise<Delivered[]> => {
    const taken: Delivered[] = []
    while (taken.length < count) {
      const said = `${String(taken.length)} of ${String(count)} events came`
      const next = await inTime(iterator.next(), said)
      if (next.done === true) throw new Error(`the connection ended: ${said}`)
      taken.push(next.value)
    }
    return taken
  }
  const rest = async (): Promise<Delivered[]> => {
    const taken: Delivered[] = []
    for (;;) {
      const next = await inTime(iterator.next(), 'the connection goes on')
      if (next.done === true) return taken
      taken.push(next.value)
    }
  }
  return { connection, take, rest }
}

const inTime = async <Value>(promise: Promise<Value>, otherwise: string): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`too late: ${otherwise}`)), DEADLINE_MS)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the condition holds; it is looked at until the deadline. */
export const eventually = async (holds: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + DEADLINE_MS
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Writes updates of seven pets in turn. Answers the cursors after each. */
export const writeSome = async (
  { store, cursors }: Stage,
  count: number,
  written: Written = {},
): Promise<string[]> => {
  const positions: Position[] = []
  for (let n = 0; n < count; n += 1) {
    positions.push(await write(store, { id: `p${String(n % 7)}`, ...written }))
  }
  return positions.map((position) => cursors.encode(written.tenantId ?? TENANT, position))
}

export const cursorsOf = (events: readonly Delivered[]): string[] =>
  events.map(({ cursor }) => cursor)

export const idsOf = (events: readonly Delivered[]): string[] => events.map(({ id }) => id)
