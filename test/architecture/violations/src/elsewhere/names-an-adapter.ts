// Caught by: every-part-is-listed, only-compose-names-adapters
import '../adapters/postgres/store.ts'
