// Opens the inside for one command and closes it again, whatever happens.
import { openTools } from '../compose.ts'
import { type Config, loadConfig } from '../config.ts'
import { CliError } from './exit.ts'
import type { Tools } from './tools.ts'

export const requireConfig = (): Config => {
  const loaded = loadConfig()
  if (loaded.kind === 'loaded') return loaded.config
  throw new CliError('badSettings', loaded.problems.join('\n'))
}

export const withTools = async <T>(
  work: (tools: Tools, config: Config) => Promise<T>,
): Promise<T> => {
  const config = requireConfig()
  const tools = await openTools(config)
  try {
    return await work(tools, config)
  } finally {
    await tools.close()
  }
}
