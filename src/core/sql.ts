// The port to PostgreSQL for read models and small state. SQL text lives beside what it serves; values
// are always bound.

/** A statement with a name is prepared once per connection; the name must be unique for its text. */
export type Statement = Readonly<{ name: string; text: string }>

export interface SqlExecutor {
  /** Rows as objects by column name. `bigint` columns come as numbers, `jsonb` parsed, dates and timestamps as text. */
  query<Row>(statement: Statement | string, values?: readonly unknown[]): Promise<readonly Row[]>
}

/**
 * Guaranteed: every call has a deadline; `transaction` commits when the work resolves and rolls back when it throws.
 * Not guaranteed: that two calls outside a transaction see the same snapshot or use the same connection.
 * Throws Fault `database_unavailable` or `deadline_exceeded`; a server's refusal (constraint, syntax)
 * keeps the driver's error with its SQLSTATE in `code`.
 */
export interface SqlDatabase extends SqlExecutor {
  transaction<T>(work: (tx: SqlExecutor) => Promise<T>): Promise<T>
}
