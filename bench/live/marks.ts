// The event that is sent over and over, with a place in it that tells the last of a burst from the others.

/** As long as every other mark, so that all events have the same size. */
export const PLAIN_MARK = 'mark-0000000000'
export const markOf = (n: number): string => `mark-${String(1_000_000_000 + n)}`

export const description = (mark: string): string =>
  `A playful tabby who loves sunny windows and other people's laps. ${mark}`

/** The event as if it had been stored now. */
export const stamped = (event: string): string =>
  event.replace(/"recordedtime":"[^"]*"/, `"recordedtime":"${new Date().toISOString()}"`)

/** The CloudEvent in what a client got: the bare loops send the same bytes. */
export const eventIn = (sample: string): string => {
  const start = sample.indexOf('{"specversion"')
  let depth = 0
  for (let at = start; at < sample.length; at += 1) {
    if (sample[at] === '{') depth += 1
    if (sample[at] === '}' && (depth -= 1) === 0) return sample.slice(start, at + 1)
  }
  throw new Error(`no event in ${sample.slice(0, 200)}`)
}
