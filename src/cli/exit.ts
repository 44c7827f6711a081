// How the command line ends: the codes are part of its contract and shown by --help.
import { BadSetting } from '../config/bad-setting.ts'
import { Fault } from '../core/fault.ts'

export const EXIT_CODES = {
  done: [0, 'done'],
  failed: [1, 'it did not work; the reason is on stderr'],
  usage: [64, 'the command or its options are wrong'],
  unavailable: [69, 'the server or the database does not answer'],
  inUse: [75, 'a server runs on the store; stop it first'],
  refused: [77, 'the server refuses: token, scope or tenant'],
  badSettings: [78, 'a setting in the environment is bad'],
  interrupted: [130, 'it was stopped by Ctrl-C or SIGTERM'],
} as const satisfies Record<string, readonly [code: number, meaning: string]>

export type ExitName = keyof typeof EXIT_CODES

/** Ends a command with a sentence and one of the codes. */
export class CliError extends Error {
  readonly exit: ExitName

  constructor(exit: ExitName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.exit = exit
  }
}

const UNAVAILABLE = ['database_unavailable', 'event_store_unavailable', 'deadline_exceeded']

export const exitOf = (error: unknown): ExitName => {
  if (error instanceof CliError) return error.exit
  if (error instanceof BadSetting && error.cause instanceof Fault) return exitOf(error.cause)
  return error instanceof Fault && UNAVAILABLE.includes(error.code) ? 'unavailable' : 'failed'
}
