// The third kind of no: broken infrastructure or a bug. Thrown, never returned; caught only in consume loops,
// in the transports' error handlers and in main.

export type FaultCode =
  | 'event_store_unavailable' // no connection, or it broke before the server could answer
  | 'append_outcome_unknown' // the connection broke after the batch was sent: it may or may not be stored
  | 'database_unavailable'
  | 'deadline_exceeded'
  | 'unknown_event' // a stored event of a type or version this build does not know
  | 'blob_store_unavailable'
  | 'identity_provider_unavailable'
  | 'payment_provider_unavailable' // it threw, or did not answer within its deadline
  | 'overloaded' // too much work is waiting; nothing was done
  | 'fenced' // another owner took over this consumer

export class Fault extends Error {
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Fault'
    this.code = code
  }
}
