// Caught by: transports-know-events-by-type
import { name } from '../../events/fact.ts'
export const known = name
