// Options as people type them, turned into values or refused with a sentence.
import type { ArgsDef } from 'citty'
import { type Scope, SCOPES } from '../core/auth.ts'
import { type TenantId, tenantIdSchema } from '../core/ids.ts'
import { CliError } from './exit.ts'

/** Refuses what citty lets pass: options it does not know, options without their value, and words too many. */
export const checkArguments = (rawArgs: readonly string[], definition: ArgsDef): void => {
  const positionals = Object.values(definition).filter(({ type }) => type === 'positional').length
  let words = 0
  for (let index = 0; index < rawArgs.length; index += 1) {
    const argument = rawArgs[index] ?? ''
    if (!argument.startsWith('-')) {
      words += 1
      if (words > positionals) throw new CliError('usage', `"${argument}" is one word too many`)
      continue
    }
    const [flag = '', value] = argument.split(/=(.*)/s, 2)
    const option = definition[flag.replace(/^--/, '')]
    if (!flag.startsWith('--') || option === undefined || option.type === 'positional') {
      throw new CliError('usage', `there is no option ${flag}`)
    }
    if (option.type !== 'boolean' && value === undefined) {
      index += 1
      if ((rawArgs[index] ?? '--').startsWith('--'))
        throw new CliError('usage', `${flag} needs a value`)
    }
  }
}

/** Every value of an option that may be repeated, each of which may be a list. */
export const valuesOf = (rawArgs: readonly string[], name: string): readonly string[] => {
  const flag = `--${name}`
  const values = rawArgs.flatMap((argument, index) => {
    if (argument === flag) return [rawArgs[index + 1] ?? '']
    return argument.startsWith(`${flag}=`) ? [argument.slice(flag.length + 1)] : []
  })
  return values.flatMap((value) => value.split(/[\s,]+/)).filter((value) => value !== '')
}

export const parseTenant = (text: string): TenantId => {
  const parsed = tenantIdSchema.safeParse(text)
  if (parsed.success) return parsed.data
  throw new CliError('usage', `--tenant "${text}" is neither shared nor a UUID of version 4 or 7`)
}

export const parseScopes = (texts: readonly string[]): readonly Scope[] =>
  texts.map((text) => {
    const scope = SCOPES.find((known) => known === text)
    if (scope !== undefined) return scope
    throw new CliError('usage', `there is no scope "${text}"; the scopes are ${SCOPES.join(' ')}`)
  })

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const MAX_LIFETIME_SECONDS = 366 * 86_400

/** `90s`, `30m`, `24h`, `7d` in seconds. */
export const parseLifetime = (text: string): number => {
  const [, count = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? 0)
  if (seconds > 0 && seconds <= MAX_LIFETIME_SECONDS) return seconds
  throw new CliError(
    'usage',
    `--ttl "${text}" is not a time like 90s, 30m, 24h or 7d (366d at most)`,
  )
}

export const parseCount = (text: string, name: string, most: number): number => {
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= most) return count
  throw new CliError('usage', `--${name} "${text}" is not a whole number from 1 to ${most}`)
}
