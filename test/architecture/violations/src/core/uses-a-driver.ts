// Caught by: core-imports-core
import 'pg'
