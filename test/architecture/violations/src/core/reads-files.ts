// Caught by: core-imports-core
import 'node:fs'
