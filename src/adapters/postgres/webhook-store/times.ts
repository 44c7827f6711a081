// Epoch milliseconds as the text that PostgreSQL takes for a time.
import { toTimestamp } from '../../../core/clock.ts'

export const timeOf = (epochMs: number): string => toTimestamp(Math.trunc(epochMs))
