// What a database's planner knows of its tables.

/**
 * Has the planner look again at those of the tables that have outgrown what it knows, and does nothing
 * about the others. Tables by their full names; one that is not there is passed over. Throws what a
 * database port throws.
 */
export type RefreshStatistics = (tables: readonly string[]) => Promise<void>
