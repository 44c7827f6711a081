// The port to wake-up signals between processes (PostgreSQL LISTEN / NOTIFY). A signal may be lost: every user of it
// polls as a net. Signals are sent inside transactions by SQL, so this port only listens.
export interface Notifications {
  /** Calls back with each payload; also with '' after every reconnect, when signals may have been missed. */
  listen(channel: string, onSignal: (payload: string) => void): Promise<() => Promise<void>>
}
