// Caught by: config-imports-core
import './events/fact.ts'
