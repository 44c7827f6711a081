// Caught by: no-cycles
import type { There } from './cycle.ts'
export type Back = readonly There[]
