// `pawtrail client`, and what else makes tokens, as people type it: a child process on a database of its own. The first
// is the program as shipped.
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createOAuthStore } from '../../src/adapters/postgres/oauth-store.ts'
import { seededIds } from '../support/seeded-ids.ts'
import { testDatabase } from '../support/database.ts'
import { dataFolder, run, runAsShipped } from '../support/processes/program.ts'

t.setTimeout(120_000) // a dozen programs, one after the other
const { url, database } = await testDatabase(t)
const settings = { DATABASE_URL: url, DATA_DIR: await dataFolder(t) }
const store = createOAuthStore({
  ...{ database, clock: () => 0, ids: seededIds() },
  randomToken: () => '',
})

const pawtrail = async (
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
  runProgram = run,
) => {
  const program = runProgram(t, ['cli', 'client', ...args], { ...settings, ...more })
  const code = await program.ended
  return { code, output: program.output(), errors: program.errors() }
}
const CREATE = [
  ...['create', '--name', 'Walks', '--grants', 'authorization_code refresh_token device_code'],
  ...['--scopes', 'read:pets', '--tenant', 'shared', '--redirect-uri', 'https://walks.example/cb'],
]

t.test('a client is created, listed and removed; its secret is shown once', async (t) => {
  const made = await pawtrail([...CREATE, '--json'], {}, runAsShipped)
  t.equal(made.code, 0, made.errors)
  const { clientId, clientSecret } = JSON.parse(made.output) as Record<string, string>
  t.match(await store.authenticate(clientId ?? '', clientSecret ?? ''), {
    name: 'Walks',
    grantTypes: [
      ...['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    ],
    redirectUris: ['https://walks.example/cb'],
  })
  const listed = await pawtrail(['list', '--json'])
  t.match(JSON.parse(listed.output), [{ clientId, name: 'Walks', kind: 'confidential' }])
  t.notMatch(listed.output, clientSecret ?? '')
  t.equal((await pawtrail(['remove', clientId ?? ''])).code, 0)
  t.equal(await store.findClient(clientId ?? ''), undefined)
  t.match(await pawtrail(['remove', clientId ?? '']), { code: 1, errors: /there is no client/ })
})

t.test('what makes no sense is refused with a sentence, before anything is done', async (t) => {
  for (const [args, sentence] of [
    [['make'], /there is no command "make"; the commands are create, list, remove/],
    [[...CREATE, '--grants', 'password'], /there is no grant "password"/],
    [[...CREATE, '--redirect-uri', 'javascript:alert(1)'], /cannot be a redirect URI/],
  ] as const) {
    t.match(await pawtrail(args), { code: 64, errors: sentence }, args.join(' '))
  }
  t.strictSame(await store.listClients(), [])
})

t.test('help is there at every level', async (t) => {
  t.match(await pawtrail(['--help']), { code: 0, output: /create\|list\|remove/ })
  t.match(await pawtrail(['create', '--help']), { code: 0, output: /pawtrail client create/ })
})

t.test('with an outside identity provider clients and tokens are made there', async (t) => {
  const outside = {
    ...{ JWKS_URL: 'https://login.example/keys', JWT_ISSUER: 'login', JWT_AUDIENCE: 'pets' },
  }
  t.match(await pawtrail(['list'], outside), { code: 78, errors: /identity provider/ })
  for (const [args, sentence] of [
    [['token', '--tenant', 'shared', '--scopes', 'read:pets'], /tokens come from the identity/],
    [['tail', '--url', 'http://127.0.0.1:9'], /a token of the identity provider .* by --token/],
  ] as const) {
    const program = run(t, ['cli', ...args], { ...settings, ...outside })
    const code = await Promise.race([program.ended, delay(20_000, 'it goes on', { ref: false })])
    t.equal(code, 78, program.errors())
    t.match(program.errors(), sentence)
    t.equal(program.output(), '')
  }
})
