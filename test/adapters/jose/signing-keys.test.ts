// The folder of signing keys: made once, private, agreed on by processes that start together, and rotated by a file.
import { execFile } from 'node:child_process'
import { chmod, copyFile, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { calculateJwkThumbprint } from 'jose'
import t from 'tap'
import { loadSigningKeys } from '../../../src/adapters/jose/signing-keys.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { scratchFolder, scratchKeys } from './tokens.ts'

const run = promisify(execFile)
const urlOf = (file: string): string => new URL(`../../../src/${file}`, import.meta.url).href
const load = (directory: string) => loadSigningKeys({ directory, logger: silentLogger })

t.test('the first start makes a key that the next start finds', async (t) => {
  const directory = join(await scratchFolder(t), 'data', 'keys')
  const first = await load(directory)
  const second = await load(directory)
  t.equal(second.current.kid, first.current.kid)
  t.strictSame(await readdir(directory), ['0001.jwk.json'], 'nothing else is left in the folder')
})

t.test('nobody but the owner can read the keys', async (t) => {
  const directory = await scratchFolder(t)
  await chmod(directory, 0o755)
  await load(directory)
  t.equal((await stat(directory)).mode & 0o777, 0o700)
  t.equal((await stat(join(directory, '0001.jwk.json'))).mode & 0o777, 0o600)
})

t.test(
  'a key is named by its RFC 7638 thumbprint and published without its private part',
  async (t) => {
    const keys = await scratchKeys(t)
    const published = keys.jwks['keys']
    t.match(published, [
      { kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig', kid: keys.current.kid },
    ])
    t.notOk(JSON.stringify(keys.jwks).includes('"d"'))
    const [jwk] = published as unknown as [{ kty: 'OKP'; crv: string; x: string }]
    t.equal(await calculateJwkThumbprint(jwk), keys.current.kid)
  },
)

t.test('the last file signs and every file verifies', async (t) => {
  const directory = await scratchFolder(t)
  const other = await scratchFolder(t)
  const old = await load(directory)
  const fresh = await load(other)
  await copyFile(join(other, '0001.jwk.json'), join(directory, '0002.jwk.json'))
  const both = await load(directory)
  t.equal(both.current.kid, fresh.current.kid)
  t.strictSame([...both.publicKeys.keys()], [old.current.kid, fresh.current.kid])
})

t.test('a retired key may be kept without its private part and then signs nothing', async (t) => {
  const directory = await scratchFolder(t)
  const { current } = await load(directory)
  const retired = await scratchKeys(t)
  const [publicJwk] = retired.jwks['keys'] as unknown as [object]
  await writeFile(join(directory, '0009.jwk.json'), JSON.stringify(publicJwk))
  const keys = await load(directory)
  t.equal(keys.current.kid, current.kid)
  t.ok(keys.publicKeys.has(retired.current.kid))
})

t.test('a file that is no key stops the start and is not quoted', async (t) => {
  const directory = await scratchFolder(t)
  await load(directory)
  await writeFile(join(directory, '0002.jwk.json'), '{"kty":"oct","k":"a-secret"}')
  await t.rejects(load(directory), {
    message: '0002.jwk.json in the folder of signing keys is not an Ed25519 JWK',
  })
  await writeFile(join(directory, '0002.jwk.json'), '{"d":"a-secret')
  await t.rejects(load(directory), { message: /not an Ed25519 JWK$/ })
})

t.test('a private part that does not belong to the public one stops the start', async (t) => {
  const [one, two] = [await scratchFolder(t), await scratchFolder(t)]
  await Promise.all([load(one), load(two)])
  const read = async (folder: string): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(join(folder, '0001.jwk.json'), 'utf8')) as Record<string, unknown>
  const mixed = { ...(await read(one)), d: (await read(two))['d'] }
  await writeFile(join(one, 'mixed'), JSON.stringify(mixed))
  await rename(join(one, 'mixed'), join(one, '0001.jwk.json'))
  await t.rejects(load(one))
})

t.test('processes that start at once on an empty folder agree on one key', async (t) => {
  const directory = join(await scratchFolder(t), 'keys')
  const script = `
    import { loadSigningKeys } from '${urlOf('adapters/jose/signing-keys.ts')}'
    import { silentLogger } from '${urlOf('core/logger.ts')}'
    const directory = process.argv.at(-1)
    const keys = await loadSigningKeys({ directory, logger: silentLogger })
    process.stdout.write(keys.current.kid)`
  const start = () =>
    run(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script, directory])
  const kids = (await Promise.all([start(), start(), start()])).map(({ stdout }) => stdout)
  t.equal(new Set(kids).size, 1)
  t.match(kids[0], /^[\w-]{43}$/)
  t.strictSame(await readdir(directory), ['0001.jwk.json'])
})

t.test('loads that race within one process agree on one key', async (t) => {
  const directory = await scratchFolder(t)
  const loads = await Promise.all(Array.from({ length: 8 }, () => load(directory)))
  t.equal(new Set(loads.map(({ current }) => current.kid)).size, 1)
})
