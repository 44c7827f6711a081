// Blobs in a folder: written whole or not at all, behind the wall of their tenant.
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { createFileBlobStore } from '../../src/adapters/files/blob-store.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'

const petId = '0199f3a0-7c1e-7a01-8000-0000000000ff'
const TENANT = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000a')
const name = `${'a'.repeat(64)}.png`
const key = { tenantId: SHARED_TENANT, petId, name }
const blob = { bytes: Buffer.from('picture'), contentType: 'image/png' }

const folder = (t: { teardown: (end: () => Promise<void>) => void }): string => {
  const directory = mkdtempSync(join(tmpdir(), 'blobs-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return directory
}

t.test('what was put is read back, by another store on the same folder too', async (t) => {
  const directory = folder(t)
  await createFileBlobStore({ directory }).put(key, blob)
  const found = await createFileBlobStore({ directory }).get(key)
  t.equal(Buffer.from(found?.bytes ?? []).toString(), 'picture')
  t.equal(found?.contentType, 'image/png')
  t.same(await readdir(join(directory, SHARED_TENANT, petId)), [name], 'no temporary file is left')
})

t.test('other users of the machine read no photo', async (t) => {
  const directory = join(folder(t), 'photos')
  await createFileBlobStore({ directory }).put(key, blob)
  const modeOf = async (...parts: string[]) => (await stat(join(directory, ...parts))).mode & 0o777
  t.equal(await modeOf(), 0o700)
  t.equal(await modeOf(SHARED_TENANT, petId), 0o700)
  t.equal(await modeOf(SHARED_TENANT, petId, name), 0o600)
})

t.test(
  'a second put under the same key keeps the bytes; many at once leave one whole file',
  async (t) => {
    const directory = folder(t)
    const store = createFileBlobStore({ directory })
    await Promise.all(Array.from({ length: 10 }, () => store.put(key, blob)))
    await store.put(key, { ...blob, bytes: Buffer.from('other') })
    t.equal(Buffer.from((await store.get(key))?.bytes ?? []).toString(), 'picture')
    t.same(await readdir(join(directory, SHARED_TENANT, petId)), [name])
  },
)

t.test("a tenant's blobs are reached with its id only", async (t) => {
  const store = createFileBlobStore({ directory: folder(t) })
  await store.put(key, blob)
  t.equal(await store.get({ ...key, tenantId: TENANT }), undefined)
  t.equal(await store.get({ ...key, name: `${'b'.repeat(64)}.png` }), undefined)
})

t.test('no key leads out of the folder', async (t) => {
  const directory = folder(t)
  const store = createFileBlobStore({ directory: join(directory, 'blobs') })
  await writeFile(join(directory, 'secret'), 'secret')
  const escapes = [
    { ...key, name: '../../../secret' },
    { ...key, name: `${'a'.repeat(64)}.png/../../secret` },
    { ...key, petId: '../..' },
    { ...key, tenantId: '../secret' as typeof TENANT },
  ]
  for (const escape of escapes) {
    await t.rejects(store.get(escape), /not the key/)
    await t.rejects(store.put(escape, blob), /not the key/)
  }
})

t.test('a folder that cannot be used is a fault with its code', async (t) => {
  const directory = folder(t)
  await writeFile(join(directory, 'file'), '')
  const store = createFileBlobStore({ directory: join(directory, 'file') })
  await t.rejects(store.put(key, blob), { code: 'blob_store_unavailable' })
})
