// Caught by: commands-import-core-and-events
import '../projections/rows.ts'
