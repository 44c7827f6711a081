// Loaded into a server whose memory is measured: SIGUSR2 has it collect its garbage.
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  globalThis.gc?.()
})
