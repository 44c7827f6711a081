// Time is an argument: nothing but the system clock adapter asks the machine what time it is.

/** The current time in milliseconds since 1970-01-01T00:00:00Z. */
export type Clock = () => number

/** RFC 3339 text in UTC with milliseconds, for example `2026-08-22T10:00:00.123Z`. */
export const toTimestamp = (epochMs: number): string => {
  if (epochMs !== lastMs) {
    lastText = new Date(epochMs).toISOString()
    lastMs = epochMs
  }
  return lastText
}

// Many ask within one millisecond: its text is made once.
let lastMs = Number.NaN
let lastText = ''
