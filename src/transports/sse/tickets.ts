// Tickets: what an EventSource, which can send no header, shows in the URL instead of a token. Each is
// random and kept as a hash, bound to who asked for it and to one filter, to be used within seconds,
// and then by its own stream alone: who comes back must show a cursor that this stream was given.
//
// They live in the process. After a restart a client asks for a new one and goes on from its cursor.
import { createHash } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import type { Position } from '../../core/event.ts'
import type { CompiledFilter } from '../feed/filter.ts'
import { createAdmission } from '../feed/limits.ts'
import type { CloseReason, RefusalReason } from '../feed/types.ts'
import type { Audience } from './request.ts'
import type { SseSettings } from './settings.ts'

/** What a ticket stands for. */
export type Grant = Readonly<{ audience: Audience; filter: CompiledFilter; after: string }>

export type Ticket = {
  readonly grant: Grant
  readonly key: string
  state: 'unused' | 'open' | 'dropped' | 'over'
  untilMs: number // good, or remembered, until then, unless its stream is open
  from: Position // where its stream began
  uses: number
  leave: () => void // closes the stream that is open under it
}

export type IssueOutcome =
  | Readonly<{ kind: 'issued'; ticket: string; expiresAtMs: number }>
  | Readonly<{ kind: 'refused'; reason: RefusalReason }>

export type FindOutcome =
  | Readonly<{ kind: 'found'; ticket: Ticket }>
  | Readonly<{ kind: 'over' }> // its stream was ended for good
  | Readonly<{ kind: 'refused' }> // unknown, too late, or not its own stream

export type Tickets = Readonly<{
  issue: (grant: Grant) => IssueOutcome
  /** `resumesAt`: the position of the cursor that was shown, if it is one. Uses nothing up. */
  find: (ticket: string, resumesAt: (grant: Grant) => Position | undefined) => FindOutcome
  /**
   * Its stream begins; one that is still open under it is left. To be called back with why the
   * stream ended.
   */
  begin: (ticket: Ticket, from: Position, leave: () => void) => (reason: CloseReason) => void
}>

export type TicketsOptions = Readonly<{
  clock: Clock
  randomToken: (bytes: number) => string
  settings: SseSettings
}>

const TICKET_BYTES = 32

export const createTickets = ({ clock, randomToken, settings }: TicketsOptions): Tickets => {
  const tickets = new Map<string, Ticket>()
  const admission = createAdmission({
    total: settings.tickets,
    perTenant: settings.ticketsPerTenant,
    perPrincipal: settings.ticketsPerPrincipal,
  })

  const forget = ({ key, grant }: Ticket): void => {
    if (tickets.delete(key)) admission.leave(grant.audience.tenantId, grant.audience.limitKey)
  }
  const isPast = (ticket: Ticket): boolean => ticket.state !== 'open' && ticket.untilMs <= clock()
  const sweep = (): void => {
    for (const ticket of tickets.values()) if (isPast(ticket)) forget(ticket)
  }

  return {
    issue(grant) {
      sweep()
      const { tenantId, limitKey } = grant.audience
      const reason = admission.admit(tenantId, limitKey)
      if (reason !== undefined) return { kind: 'refused', reason }
      const text = randomToken(TICKET_BYTES)
      const untilMs = clock() + settings.ticketFirstUseMs
      const fresh = { state: 'unused', from: 0, uses: 0, leave: () => {} } as const
      tickets.set(hashOf(text), { ...fresh, grant, key: hashOf(text), untilMs })
      return { kind: 'issued', ticket: text, expiresAtMs: untilMs }
    },
    find(text, resumesAt) {
      const ticket = tickets.get(hashOf(text))
      if (ticket === undefined || isPast(ticket)) return { kind: 'refused' }
      if (ticket.state === 'over') return { kind: 'over' }
      const { principal } = ticket.grant.audience
      if (principal !== null && principal.expiresAtMs <= clock()) return { kind: 'over' }
      if (ticket.state === 'unused') return { kind: 'found', ticket }
      // A browser often comes back before the server has noticed that the old connection is gone.
      const at = resumesAt(ticket.grant)
      return at !== undefined && at >= ticket.from ? { kind: 'found', ticket } : { kind: 'refused' }
    },
    begin(ticket, from, leave) {
      const { leave: leaveOld, uses } = ticket
      if (uses === 0) ticket.from = from
      ticket.state = 'open'
      ticket.leave = leave
      ticket.uses = uses + 1
      leaveOld()
      return (reason) => {
        if (ticket.uses !== uses + 1) return
        const isOver = reason === 'token_expired' || reason === 'revoked'
        ticket.state = isOver ? 'over' : 'dropped'
        ticket.untilMs = clock() + settings.ticketReuseMs
        ticket.leave = () => {}
      }
    },
  }
}

/** A fast hash is enough for 256 random bits. */
const hashOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url')
