// Caught by: cli-imports-compose-config-and-core
import '../projections/rows.ts'
