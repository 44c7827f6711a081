// Caught by: policies-import-core-events-and-the-application, only-compose-names-adapters
import '../adapters/postgres/store.ts'
