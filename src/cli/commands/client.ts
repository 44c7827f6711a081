// pawtrail client: registers the OAuth clients that may ask this installation for tokens, lists and removes them.
import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import { toTimestamp } from '../../core/clock.ts'
import {
  type ClientDefinition,
  DEVICE_CODE_GRANT,
  type GrantType,
  type OAuthClient,
} from '../../core/oauth.ts'
import { problemOfClient } from '../../core/oauth-clients.ts'
import { parseScopes, parseTenant, valuesOf } from '../arguments.ts'
import { CliError } from '../exit.ts'
import { harmless, print, printJson, table } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

/** As people type them; the last one is a URN in full. */
const GRANTS: Readonly<Record<string, GrantType>> = {
  authorization_code: 'authorization_code',
  client_credentials: 'client_credentials',
  device_code: DEVICE_CODE_GRANT,
  refresh_token: 'refresh_token',
}

const create = defineCommand({
  meta: { name: 'create', description: 'Register a client, and print its id and its secret once' },
  args: {
    name: { type: 'string', required: true, description: 'What users read on the consent page' },
    grants: {
      type: 'string',
      required: true,
      valueHint: 'client_credentials',
      description: `How it may get tokens, separated by spaces: ${Object.keys(GRANTS).join(' ')}`,
    },
    scopes: {
      type: 'string',
      required: true,
      valueHint: 'read:pets write:orders',
      description: 'What it may ask for at most, separated by spaces',
    },
    tenant: {
      type: 'string',
      required: true,
      valueHint: 'uuid|shared',
      description: 'Where it may act; repeat it, or separate several by commas',
    },
    'redirect-uri': {
      type: 'string',
      valueHint: 'https://app.example/callback',
      description: 'Where users are sent back to, exactly; repeat it for several',
    },
    public: { type: 'boolean', description: 'An app or a page, which can keep no secret' },
    json: { type: 'boolean', description: 'Print it as JSON' },
  },
  run: async ({ args, rawArgs }) => {
    const definition: ClientDefinition = {
      name: args.name,
      kind: args.public === true ? 'public' : 'confidential',
      grantTypes: [...new Set(valuesOf(rawArgs, 'grants'))].map(parseGrant),
      scopes: [...new Set(parseScopes(valuesOf(rawArgs, 'scopes')))],
      tenants: [...new Set(valuesOf(rawArgs, 'tenant').map(parseTenant))],
      redirectUris: [...new Set(valuesOf(rawArgs, 'redirect-uri'))],
    }
    const problem = problemOfClient(definition)
    if (problem !== undefined) throw new CliError('usage', problem)
    const made = await withTools((tools) => tools.createClient(definition))
    if (made === undefined) throw new CliError('failed', 'there is no room for one more client')
    const { client, secret } = made
    if (args.json === true) return printJson({ clientId: client.id, clientSecret: secret })
    await print(`client_id      ${client.id}`)
    if (secret !== null) await print(`client_secret  ${secret}`)
  },
})

const list = defineCommand({
  meta: { name: 'list', description: 'List the registered clients' },
  args: { json: { type: 'boolean', description: 'Print them as JSON' } },
  run: async ({ args }) => {
    const clients = await withTools((tools) => tools.listClients())
    if (args.json === true) return printJson(clients.map(describe))
    const rows = clients.map((client) => [
      client.id,
      client.kind,
      harmless(client.name),
      client.scopes.join(' '),
    ])
    await print(table([['client_id', 'kind', 'name', 'scopes'], ...rows]))
  },
})

const remove = defineCommand({
  meta: { name: 'remove', description: 'Remove a client: its codes and refresh tokens are over' },
  args: {
    id: { type: 'positional', required: true, description: 'Its client_id, as list shows it' },
  },
  run: async ({ args }) => {
    const isRemoved = await withTools((tools) => tools.removeClient(args.id))
    if (!isRemoved) throw new CliError('failed', `there is no client "${harmless(args.id)}"`)
  },
})

// Their argument types differ; here only names and help matter.
const SUBCOMMANDS = { create, list, remove } as unknown as Readonly<Record<string, CommandDef>>

export const client: CommandDef<ArgsDef> = defineCommand({
  meta: { name: 'client', description: 'Register, list and remove OAuth clients' },
  subCommands: SUBCOMMANDS,
})

const parseGrant = (text: string): GrantType => {
  const grant = Object.hasOwn(GRANTS, text) ? GRANTS[text] : undefined
  if (grant !== undefined) return grant
  const known = Object.keys(GRANTS).join(' ')
  throw new CliError('usage', `there is no grant "${text}"; the grants are ${known}`)
}

const describe = ({ id, createdAtMs, ...client }: OAuthClient) => ({
  clientId: id,
  ...client,
  createdAt: toTimestamp(createdAtMs),
})
