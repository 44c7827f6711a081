// pawtrail user: takes an account away, also where an outside identity provider signs the tokens and nobody who has an
// account from before can sign in to do so.
import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import { parseTenant } from '../arguments.ts'
import { CliError } from '../exit.ts'
import { harmless, print, printJson } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

const remove = defineCommand({
  meta: { name: 'remove', description: 'Delete an account: its name, password and sessions' },
  args: {
    user: { type: 'positional', required: true, description: 'Its id, or the name of its user' },
    tenant: { type: 'string', required: true, valueHint: 'uuid|shared', description: 'Where' },
    json: { type: 'boolean', description: 'Print its id as JSON' },
  },
  run: async ({ args }) => {
    const tenantId = parseTenant(args.tenant)
    const userId = await withTools((tools) => tools.removeUser(tenantId, args.user))
    if (userId === undefined) {
      throw new CliError('failed', `there is no account "${harmless(args.user)}" in this tenant`)
    }
    await (args.json ? printJson({ userId }) : print(`Deleted the account ${userId}.`))
  },
})

export const user: CommandDef<ArgsDef> = defineCommand({
  meta: { name: 'user', description: 'Delete accounts' },
  subCommands: { remove },
})
