// Caught by: no-cycles
import type { Back } from './cycle-back.ts'
export type There = Back | null
