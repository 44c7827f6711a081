// The pawtrail command: finds the subcommand, shows help, runs it, and ends with a code that means something.
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from 'citty'
import { stripVTControlCharacters } from 'node:util'
import { checkArguments } from './arguments.ts'
import { rebuild } from './commands/rebuild.ts'
import { replay } from './commands/replay.ts'
import { reset } from './commands/reset.ts'
import { seed } from './commands/seed.ts'
import { serve } from './commands/serve.ts'
import { status } from './commands/status.ts'
import { tail } from './commands/tail.ts'
import { token } from './commands/token.ts'
import { CliError, EXIT_CODES, exitOf } from './exit.ts'
import { note, print } from './terminal.ts'

// Their argument types differ; here only names and help matter.
const COMMANDS = {
  serve,
  token,
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
  const asksForHelp = (argument: string): boolean => argument === '--help' || argument === '-h'
  if (name === undefined || name === 'help' || asksForHelp(name)) {
    return name === undefined ? refuse('name a command') : showHelp(root)
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) return refuse(`there is no command "${name}"`)
  if (rest.some(asksForHelp)) return showHelp(command, root)
  checkArguments(rest, command.args as ArgsDef)
  await runCommand(command, { rawArgs: rest })
}

const refuse = (problem: string): never => {
  throw new CliError('usage', `${problem}; the commands are ${Object.keys(COMMANDS).join(', ')}`)
}

const showHelp = async (command: CommandDef, parent?: CommandDef): Promise<void> => {
  const codes = Object.values(EXIT_CODES).map(
    ([code, meaning]) => `${String(code).padStart(4)}  ${meaning}`,
  )
  const text = `${await renderUsage(command, parent)}\nEXIT CODES\n\n${codes.join('\n')}`
  await print(process.stdout.isTTY ? text : stripVTControlCharacters(text))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  // citty's own refusals (a missing option) carry a code that starts with E; they are about usage too.
  const isUsage = error instanceof Error && error.name === 'CLIError'
  const message = error instanceof Error ? error.message : String(error)
  note(isUsage ? stripVTControlCharacters(message) : message)
  process.exitCode = EXIT_CODES[isUsage ? 'usage' : exitOf(error)][0]
}
