// Makes the source map of a bundle small: of packages it keeps which line is which and forgets the words in it. Every
// process of tests reads the maps of all that it loads.
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES = new Map([...DIGITS].map((digit, value) => [digit, value]))
const MORE = 32 // the bit of a digit that says that the number goes on

/** `text` is a source map as esbuild writes it; so is what comes back. */
export const thinned = (text) => {
  const map = JSON.parse(text)
  const isPackage = map.sources.map((source) => source.includes('node_modules/'))
  // Column, source, line, column, name: each is told as the difference to the one before.
  const read = [0, 0, 0, 0, 0]
  const written = [0, 0, 0, 0, 0]
  const lines = map.mappings.split(';').map((line) => {
    read[0] = written[0] = 0
    let last = -1
    const kept = []
    for (const segment of line === '' ? [] : line.split(',')) {
      const differences = numbersOf(segment)
      const fields = differences.length
      for (let at = 0; at < fields; at += 1) read[at] += differences[at]
      if (fields === 1 || (read[1] === last && isPackage[last])) continue
      last = read[1]
      kept.push(
        read
          .slice(0, fields)
          .map((value, at) => digitsOf(value - written[at]))
          .join(''),
      )
      for (let at = 0; at < fields; at += 1) written[at] = read[at]
    }
    return kept.join(',')
  })
  return JSON.stringify({ ...map, mappings: lines.join(';') })
}

const numbersOf = (segment) => {
  const numbers = []
  let value = 0
  let shift = 0
  for (const digit of segment) {
    const bits = VALUES.get(digit)
    value += (bits & (MORE - 1)) << shift
    shift += 5
    if (bits & MORE) continue
    numbers.push(value & 1 ? -(value >> 1) : value >> 1)
    value = shift = 0
  }
  return numbers
}

const digitsOf = (number) => {
  let value = number < 0 ? (-number << 1) | 1 : number << 1
  let text = ''
  do {
    const bits = value & (MORE - 1)
    value >>>= 5
    text += DIGITS[value > 0 ? bits | MORE : bits]
  } while (value > 0)
  return text
}
