// Caught by: transports-import-core-and-the-application
import '../../projections/rows.ts'
