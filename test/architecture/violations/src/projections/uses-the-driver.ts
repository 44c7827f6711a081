// Caught by: projections-import-core-and-events
import 'pg'
