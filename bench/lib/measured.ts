// Load on one server, with what it cost that server's process: rates follow whatever else the machine does at the
// moment, processor time a request much less.
import { type LoadOptions, type LoadResult, load, sound } from './load.ts'
import type { RunningServer } from './processes.ts'

export type Measured = LoadResult & Readonly<{ cpuUs: number }>

export const measured = async (
  name: string,
  server: RunningServer,
  options: Omit<LoadOptions, 'url'>,
): Promise<Measured> => {
  const before = server.cpuMs() ?? Number.NaN
  const result = sound(name, await load({ ...options, url: server.url }))
  const cpuMs = (server.cpuMs() ?? Number.NaN) - before
  return { ...result, cpuUs: (cpuMs * 1000) / result.total }
}
