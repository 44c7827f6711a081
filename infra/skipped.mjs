// Which tests of a run were skipped, or asserted nothing, which tap reports as skipped.

const SKIPPED = /^\s*ok \d+ - (.*?) # SKIP\b/

/** Their names, from what the reporter `tap` of Node wrote. */
export const skippedIn = (results) =>
  results.split('\n').flatMap((line) => SKIPPED.exec(line)?.[1] ?? [])
