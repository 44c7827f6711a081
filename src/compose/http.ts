// Where HTTP listens: what cannot be had is told by the setting that asked for it.
import { createServer } from 'node:net'
import { BadSetting, codeOf, reasonOf } from '../config/bad-setting.ts'
import type { Config } from '../config.ts'

type Address = Pick<Config, 'host' | 'port'>

/** `listen` rejects with the system's own error. */
export const listenHttp = async (
  { host, port }: Address,
  listen: (address: Address) => Promise<unknown>,
): Promise<void> => {
  try {
    await listen({ host, port })
  } catch (cause) {
    throw notListening({ host, port }, cause)
  }
}

/** Links are made before the server listens, so that the port must be known. */
export const knownPort = ({ host, port }: Address): Promise<number> =>
  new Promise((resolve, reject) => {
    if (port !== 0) return resolve(port)
    const probe = createServer()
    probe.once('error', (cause) => reject(notListening({ host, port }, cause)))
    probe.listen(0, host, () => {
      const address = probe.address()
      const found = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(found))
    })
  })

const notListening = ({ host, port }: Address, cause: unknown): BadSetting => {
  const place = `port ${String(port)} at ${host}`
  const advice = 'set PORT to another port, or to 0 for any free one'
  switch (codeOf(cause)) {
    case 'EADDRINUSE':
      return new BadSetting(`PORT: ${place} is in use by another program; ${advice}`, cause)
    case 'EACCES':
      return new BadSetting(`PORT: ${place} may not be listened at; ${advice}`, cause)
    default:
      return new BadSetting(
        `HOST: ${host} cannot be listened at (${reasonOf(cause)}); ` +
          'set HOST to an address of this machine, or to 0.0.0.0 for every one',
        cause,
      )
  }
}
