// pawtrail token: signs an access token with this installation's key and prints nothing else.
import { defineCommand } from 'citty'
import { toTimestamp } from '../../core/clock.ts'
import { parseLifetime, parseScopes, parseTenant, valuesOf } from '../arguments.ts'
import { CliError } from '../exit.ts'
import { print, printJson } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

export const token = defineCommand({
  meta: { name: 'token', description: 'Sign an access token and print it' },
  args: {
    tenant: {
      type: 'string',
      required: true,
      valueHint: 'uuid|shared',
      description: 'Tenant it is good for; repeat it, or separate several by commas',
    },
    scopes: {
      type: 'string',
      required: true,
      valueHint: 'read:pets write:pets',
      description: 'What it allows, separated by spaces',
    },
    subject: { type: 'string', default: 'cli', description: 'Name of the client that it is for' },
    ttl: { type: 'string', default: '24h', description: 'How long it is good: 90s, 30m, 24h, 7d' },
    json: { type: 'boolean', description: 'Print token and expiry as JSON' },
  },
  run: async ({ args, rawArgs }) => {
    const request = {
      subject: args.subject,
      kind: 'client',
      tenants: valuesOf(rawArgs, 'tenant').map(parseTenant),
      scopes: parseScopes(valuesOf(rawArgs, 'scopes')),
      lifetimeSeconds: parseLifetime(args.ttl),
    } as const
    if (request.tenants.length === 0) throw new CliError('usage', '--tenant names no tenant')
    if (request.scopes.length === 0) throw new CliError('usage', '--scopes names no scope')
    const issued = await withTools((tools) => tools.issueToken(request))
    const expiresAt = toTimestamp(issued.expiresAtMs)
    await (args.json ? printJson({ token: issued.token, expiresAt }) : print(issued.token))
  },
})
