// Makes the source map of a bundle small: of packages it keeps which line is which and forgets the words in it. Every
// process of tests reads the maps of all that it loads.
import { decode, encode } from '@jridgewell/sourcemap-codec'

/** `text` is a source map; so is what comes back. */
export const thinned = (text) => {
  const map = JSON.parse(text)
  const isPackage = map.sources.map((source) => source.includes('node_modules/'))
  const lines = decode(map.mappings).map((segments) => {
    let last
    return segments.filter(([, source]) => {
      const isWord = source === undefined || (source === last && isPackage[source])
      if (!isWord) last = source
      return !isWord
    })
  })
  return JSON.stringify({ ...map, mappings: encode(lines) })
}
