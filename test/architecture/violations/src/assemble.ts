// Caught by: assemble-knows-ports-only
import './config.ts'
