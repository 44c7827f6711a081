// Caught by: adapters-import-core
import '../postgres/store.ts'
