// Caught by: events-import-core
import '../commands/intent.ts'
