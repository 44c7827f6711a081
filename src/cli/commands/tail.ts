// pawtrail tail: a tenant's events as they happen, from the running server. Ctrl-C prints where to go on from.
import { defineCommand } from 'citty'
import type { Config } from '../../config.ts'
import type { TenantId } from '../../core/ids.ts'
import { parseTenant, valuesOf } from '../arguments.ts'
import { eventLine } from '../event-line.ts'
import { CliError } from '../exit.ts'
import { follow } from '../follow.ts'
import { endQuietlyWithReader, note, print } from '../terminal.ts'
import type { Tools } from '../tools.ts'
import { withTools } from '../with-tools.ts'

const TOKEN_LIFETIME_SECONDS = 3_600
const WIDTH_OF_A_PIPE = 200

export const tail = defineCommand({
  meta: { name: 'tail', description: 'Show live events of a tenant from the running server' },
  args: {
    tenant: { type: 'string', default: 'shared', valueHint: 'uuid|shared', description: 'Whose' },
    after: {
      type: 'string',
      default: 'now',
      valueHint: 'cursor|earliest|now',
      description: 'Where to begin; the cursor that an earlier tail ended with goes on from there',
    },
    types: {
      type: 'string',
      valueHint: 'pet.adopted,pet.*',
      description: 'Only these event types',
    },
    url: {
      type: 'string',
      description: 'Address of the server; by default PUBLIC_URL, or HOST and PORT',
    },
    token: {
      type: 'string',
      description:
        "Access token; by default one is signed with this installation's key (not with JWKS_URL)",
    },
    json: { type: 'boolean', description: 'Print whole events as lines of JSON' },
  },
  run: async ({ args, rawArgs }) => {
    const tenant = parseTenant(args.tenant)
    endQuietlyWithReader()
    const interrupted = new AbortController()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => interrupted.abort())
    }
    let cursor = args.after
    const ended = await withTools((tools, config) => {
      if (args.token === undefined) refuseOutsideProvider(config)
      return follow({
        url: (args.url ?? addressOf(config)).replace(/\/+$/, ''),
        tenant,
        types: valuesOf(rawArgs, 'types'),
        after: args.after,
        token: () =>
          args.token === undefined ? signToken(tools, tenant) : Promise.resolve(args.token),
        signal: interrupted.signal,
        onEvent: (json) => print(args.json ? json : eventLine(json, width())),
        onNotice: note,
        onCursor: (next) => {
          cursor = next
        },
      })
    })
    if (ended.kind === 'refused') {
      const exit = ended.status === 401 || ended.status === 403 ? 'refused' : 'failed'
      throw new CliError(exit, `the server answers ${ended.status}: ${ended.detail}`)
    }
    note(`\ngo on with: --after ${cursor}`)
  },
})

const width = (): number => (process.stdout.isTTY ? process.stdout.columns : WIDTH_OF_A_PIPE)

const addressOf = (config: Config): string => {
  if (config.publicUrl !== undefined) return config.publicUrl
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[config.host] ?? config.host
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${config.port}`
}

/** Before the server is asked: it would refuse a token of ours, and to follow is to try again. */
const refuseOutsideProvider = ({ jwksUrl }: Config): void => {
  if (jwksUrl === undefined) return
  throw new CliError(
    'badSettings',
    'JWKS_URL is set: name a token of the identity provider that it belongs to by --token',
  )
}

const signToken = async (tools: Tools, tenant: TenantId): Promise<string> => {
  const issued = await tools.issueToken({
    subject: 'cli-tail',
    kind: 'client',
    tenants: [tenant],
    scopes: ['read:events'],
    lifetimeSeconds: TOKEN_LIFETIME_SECONDS,
  })
  return issued.token
}
