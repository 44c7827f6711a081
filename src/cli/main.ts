// The pawtrail command: finds the subcommand, shows help, runs it, and ends with a code that means something.
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { stripVTControlCharacters } from 'node:util'
import { checkArguments } from './arguments.ts'
import { client } from './commands/client.ts'
import { rebuild } from './commands/rebuild.ts'
import { replay } from './commands/replay.ts'
import { reset } from './commands/reset.ts'
import { seed } from './commands/seed.ts'
import { serve } from './commands/serve.ts'
import { status } from './commands/status.ts'
import { tail } from './commands/tail.ts'
import { token } from './commands/token.ts'
import { user } from './commands/user.ts'
import { CliError, EXIT_CODES, exitOf } from './exit.ts'
import { note, outliveReader, print } from './terminal.ts'

// Their argument types differ; here only names and help matter.
const COMMANDS = {
  serve,
  token,
  client,
  user,
  seed,
  reset,
  tail,
  status,
  rebuild,
  replay,
} as unknown as Readonly<Record<string, CommandDef>>

const root = defineCommand({
  meta: { name: 'pawtrail', description: 'System of record and live API for animal shelters' },
  subCommands: COMMANDS,
})

const main = async (argv: readonly string[]): Promise<void> => {
  const [name, ...rest] = argv
  if (name === 'help') return showHelp(root)
  await runIn({ group: root, commands: COMMANDS, path: 'pawtrail' }, name, rest)
}

const asksForHelp = (argument: string): boolean => argument === '--help' || argument === '-h'

/** Commands that stand together, and what is typed before their names. */
type Group = Readonly<{
  group: CommandDef
  parent?: CommandDef
  commands: Readonly<Record<string, CommandDef>>
  path: string
}>

const runIn = async (
  { group, parent, commands, path }: Group,
  name: string | undefined,
  rest: readonly string[],
): Promise<void> => {
  if (name === undefined) return refuse('name a command', commands)
  if (asksForHelp(name)) return showHelp(group, parent)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) return refuse(`there is no command "${name}"`, commands)
  const own = defineCommand({ meta: { name: path } })
  const below = command.subCommands as Readonly<Record<string, CommandDef>> | undefined
  if (below !== undefined) {
    const [next, ...others] = rest
    const group = { group: command, parent: own, commands: below, path: `${path} ${name}` }
    return runIn(group, next, others)
  }
  if (rest.some(asksForHelp)) return showHelp(command, own)
  checkArguments(rest, command.args as ArgsDef)
  await runCommand(command, { rawArgs: [...rest] })
}

const refuse = (problem: string, commands: Group['commands']): never => {
  throw new CliError('usage', `${problem}; the commands are ${Object.keys(commands).join(', ')}`)
}

const showHelp = async (command: CommandDef, parent?: CommandDef): Promise<void> => {
  const codes = Object.values(EXIT_CODES).map(
    ([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`,
  )
  const text = `${await renderUsage(command, parent)}\nEXIT CODES\n\n${codes.join('\n')}`
  await print(process.stdout.isTTY ? text : stripVTControlCharacters(text))
}

outliveReader()
try {
  await main(process.argv.slice(2))
} catch (error) {
  // citty's own refusals (a missing option) carry a code that starts with E; they are about usage too.
  const isUsage = error instanceof Error && error.name === 'CLIError'
  const message = error instanceof Error ? error.message : String(error)
  note(isUsage ? stripVTControlCharacters(message) : message)
  process.exitCode = EXIT_CODES[isUsage ? 'usage' : exitOf(error)][0]
}
