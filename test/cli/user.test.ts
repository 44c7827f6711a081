// `pawtrail user`, as people type it, where an outside identity provider signs the tokens.
import t from 'tap'
import { createCredentialStore } from '../../src/adapters/postgres/credentials.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { testApp } from '../support/app.ts'
import { dataFolder, run } from '../support/processes/program.ts'

t.setTimeout(120_000)

t.test('an account from before an outside identity provider can be taken away', async (t) => {
  const { application, ports, url } = await testApp(t)
  const settings = {
    ...{ DATABASE_URL: url, DATA_DIR: await dataFolder(t), JWKS_URL: 'https://id.test/keys' },
    ...{ JWT_ISSUER: 'https://id.test', JWT_AUDIENCE: 'pets' },
  }
  const context = {
    ...{ tenantId: SHARED_TENANT, correlationId: 'c1' },
    actor: { kind: 'system', id: 'test' },
  } as const
  const register = async (username: string): Promise<string> => {
    const names = { username, email: `${username}@example.org`, firstName: 'A', lastName: 'B' }
    const profile = { ...names, phone: null, preferences: null }
    const made = await application.users.register(context, { profile, password: 'a good secret' })
    if (made.kind !== 'done') throw new Error('not registered')
    return made.id
  }
  const pawtrail = async (...args: readonly string[]) => {
    const program = run(t, ['cli', 'user', ...args], settings)
    const code = await program.ended
    return { code, output: program.output(), errors: program.errors() }
  }
  const [grace, ada] = [await register('grace'), await register('ada')]
  const credentials = createCredentialStore({ database: ports.database, clock: systemClock })

  const byName = await pawtrail('remove', 'grace', '--tenant', 'shared', '--json')
  t.strictSame([byName.code, byName.output], [0, `{"userId":"${grace}"}\n`], byName.errors)
  t.equal((await pawtrail('remove', ada, '--tenant', 'shared')).code, 0)
  for (const id of [grace, ada]) {
    t.equal(await application.users.get(SHARED_TENANT, id), undefined)
    t.equal(await credentials.findByUser(SHARED_TENANT, id), undefined)
  }
  const again = await pawtrail('remove', 'grace', '--tenant', 'shared')
  t.match(again, { code: 1, errors: /there is no account "grace" in this tenant/ })
})
