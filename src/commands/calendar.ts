// Days as people write them, `YYYY-MM-DD`, against a moment in UTC.
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * True when the day has begun nowhere on earth at that time. The day after the UTC one is not in
 * the future: it may already be today where the shelter is.
 */
export const isFutureDay = (day: string, occurredAt: string): boolean => {
  // Nearly every day is past: that is seen without working out which day tomorrow is.
  if (day <= occurredAt.slice(0, 10)) return false
  return day > new Date(Date.parse(occurredAt) + DAY_MS).toISOString().slice(0, 10)
}
