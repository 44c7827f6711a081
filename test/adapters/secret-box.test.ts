// Webhook secrets at rest: the table holds none that can be read, and those from before are sealed at the first start.
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { createSecretBox } from '../../src/adapters/files/secret-box.ts'
import { createWebhookStore } from '../../src/adapters/postgres/webhook-store/store.ts'
import { openWebhookStore } from '../../src/compose/webhook-store.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { SHARED_TENANT } from '../../src/core/ids.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { testDatabase } from '../support/database.ts'

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const boxOf = (...keys: Buffer[]) => createSecretBox({ directory: '', keys })
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

t.test('what was sealed is opened for its own place, unchanged, and by nobody else', async (t) => {
  const box = boxOf(first)
  const sealed = await box.seal(SECRET, 'a b c')
  t.notMatch(sealed, SECRET.slice(6))
  t.not(await box.seal(SECRET, 'a b c'), sealed, 'never the same twice')
  t.equal(await box.open(sealed, 'a b c'), SECRET)
  await t.rejects(box.open(sealed, 'a b d'), 'moved to another row')
  const at = sealed.length - 5
  const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
  await t.rejects(box.open(changed, 'a b c'), 'changed')
  await t.rejects(boxOf(second).open(sealed, 'a b c'), { message: /not had here/ })
})

t.test('a key is replaced: the new one seals, both open', async (t) => {
  const before = await boxOf(first).seal(SECRET, 'a')
  const both = boxOf(second, first)
  t.equal(await both.open(before, 'a'), SECRET)
  t.equal(await boxOf(second).open(await both.seal(SECRET, 'a'), 'a'), SECRET)
})

t.test('many who need the key at once make one, in a file that is private', async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), 'pawtrail-test-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const boxes = Array.from({ length: 8 }, () => createSecretBox({ directory }))
  const sealed = await Promise.all(boxes.map((box) => box.seal(SECRET, 'a')))
  for (const box of boxes) {
    for (const each of sealed) t.equal(await box.open(each, 'a'), SECRET)
  }
  const file = path.join(directory, 'webhook-secrets.key')
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal(Buffer.from(await readFile(file, 'utf8'), 'base64').length, 32)
})

t.test('the table holds no plain secret, also of those that were stored as they are', async (t) => {
  const { database } = await testDatabase(t)
  const store = createWebhookStore({ database, secretBox: boxOf(first) })
  await store.putSecret(SHARED_TENANT, 'e1', { id: 's1', secret: SECRET })
  await store.putSecret(SHARED_TENANT, 'e1', { id: 's1', secret: 'another' }) // changes nothing
  await database.query(
    `insert into pawtrail.webhook_secrets (tenant_id, endpoint_id, secret_id, secret)
      values ('shared', 'e1', 's0', $1)`,
    [SECRET],
  )
  const both = [
    { id: 's0', secret: SECRET },
    { id: 's1', secret: SECRET },
  ]
  const read = async () =>
    [...(await store.secrets(SHARED_TENANT, 'e1'))].sort((a, b) => a.id.localeCompare(b.id))
  t.strictSame(await read(), both, 'read on')
  t.equal(await store.sealSecrets(), 1)
  t.equal(await store.sealSecrets(), 0)
  const rows = await database.query('select * from pawtrail.webhook_secrets')
  t.equal(rows.length, 2)
  t.notMatch(JSON.stringify(rows), /whsec_|MfKQ9r8GKYqr/)
  t.strictSame(await read(), both)
})

t.test('a start seals what was stored before, under the keys of the settings', async (t) => {
  const { database } = await testDatabase(t)
  const insert = `insert into pawtrail.webhook_secrets (tenant_id, endpoint_id, secret_id, secret)
    values ('shared', 'e1', 's0', $1)`
  await database.query(insert, [SECRET])
  const configOf = (...keys: Buffer[]): Config => {
    const text = keys.map((key) => key.toString('base64')).join(',')
    const loaded = loadConfig({ WEBHOOK_SECRETS_KEY: text })
    if (loaded.kind === 'refused') throw new Error(loaded.problems.join())
    return loaded.config
  }
  const store = await openWebhookStore(configOf(first), database, silentLogger)
  const [row] = await database.query<{ secret: string }>('select * from pawtrail.webhook_secrets')
  t.match(row?.secret, /^sealed\./)
  t.strictSame(await store.secrets(SHARED_TENANT, 'e1'), [{ id: 's0', secret: SECRET }])
  const rotated = await openWebhookStore(configOf(second, first), database, silentLogger)
  t.strictSame(await rotated.secrets(SHARED_TENANT, 'e1'), [{ id: 's0', secret: SECRET }])
  const stranger = await openWebhookStore(configOf(second), database, silentLogger)
  await t.rejects(stranger.secrets(SHARED_TENANT, 'e1'), { message: /not had here/ })
})
