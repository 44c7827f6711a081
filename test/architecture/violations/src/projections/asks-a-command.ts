// Caught by: projections-import-core-and-events
import '../commands/intent.ts'
