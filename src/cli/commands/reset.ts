// pawtrail reset: removes everything that was stored. Nothing brings it back, so it asks.
import { createInterface } from 'node:readline/promises'
import { defineCommand } from 'citty'
import type { Config } from '../../config.ts'
import { CliError } from '../exit.ts'
import { print, printJson } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

export const reset = defineCommand({
  meta: { name: 'reset', description: 'Remove every event and read model of this store, for good' },
  args: {
    yes: { type: 'boolean', description: 'Do not ask' },
    json: { type: 'boolean', description: 'Print the result as JSON' },
  },
  run: async ({ args }) => {
    const outcome = await withTools(async (tools, config) => {
      if (args.yes !== true) await confirm(config)
      return tools.reset()
    })
    if (outcome === 'in_use') {
      throw new CliError(
        'inUse',
        'A server runs on this store; stop it first. Nothing was removed.',
      )
    }
    await (args.json ? printJson({ reset: true }) : print('Everything was removed.'))
  },
})

const confirm = async (config: Config): Promise<void> => {
  const readModels =
    config.databaseUrl === undefined
      ? `everything in ${config.dataDir}`
      : "Pawtrail's schemas in the database of DATABASE_URL"
  const log = "Pawtrail's schemas in the database of EVENT_STORE_URL"
  const what = config.eventStoreUrl === undefined ? readModels : `${readModels} and ${log}`
  if (!process.stdin.isTTY) {
    throw new CliError('usage', `this removes ${what}: say --yes to do it`)
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(`This removes ${what}, for good. Type "reset" to do it: `)
  terminal.close()
  if (answer.trim() !== 'reset') throw new CliError('failed', 'Nothing was removed.')
}
