// Caught by: core-imports-core
import type { Name } from '../events/fact.ts'
export type Known = Name
