// Loaded into a server whose memory is measured: SIGUSR2 has it collect its garbage. In between it fills
// its young generation, which is as large as it is whoever is connected: its pages count as taken once they
// were used, and one server may have used them before, and another for the connections that are measured.
const ARRAYS = 300_000
const ARRAY_LENGTH = 100

const fillYoungGeneration = () => {
  let last
  for (let n = 0; n < ARRAYS; n += 1) last = new Array(ARRAY_LENGTH).fill(n)
  return last
}

process.on('SIGUSR2', () => {
  globalThis.gc?.()
  fillYoungGeneration()
  globalThis.gc?.()
})
