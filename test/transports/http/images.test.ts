// Photos of pets: told apart by their bytes, stored once, and served only as what they are.
// Photos: what may be sent, where its bytes end up, and who is shown them.
import t from 'tap'
import type { BlobKey } from '../../../src/core/blob-store.ts'
import { holdReadModel } from './failing-parts.ts'
import { httpApp, OTHER_TENANT, TENANT, type Headers } from './http-app.ts'

const stored: BlobKey[] = []
const rig = await httpApp(t, {
  ports: ({ blobs }) => ({
    blobs: {
      get: blobs.get,
      put: (key, blob) => {
        stored.push(key)
        return blobs.put(key, blob)
      },
    },
  }),
})
const { app, as, inTenant } = rig
const staff = as('staff')
const PNG = Buffer.concat([
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  Buffer.from('picture'),
])
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
const WEBP = Buffer.concat([Buffer.from('RIFF'), Buffer.alloc(4), Buffer.from('WEBPVP8 ')])
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')

type Part = Readonly<{ name: string; bytes: Buffer; filename?: string }>

const form = (parts: readonly Part[], headers: Headers = staff) => {
  const boundary = 'boundary-of-the-form'
  const payload = Buffer.concat([
    ...parts.flatMap(({ name, bytes, filename }) => [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`),
      Buffer.from(
        filename === undefined
          ? '\r\n\r\n'
          : `; filename="${filename}"\r\nContent-Type: image/png\r\n\r\n`,
      ),
      bytes,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
  return {
    method: 'POST',
    headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload,
  } as const
}
const file = (bytes: Buffer): Part => ({ name: 'file', bytes, filename: '../../evil.exe' })

const petIn = async (headers: Headers = staff) => (await rig.admit({}, headers)).url

const photosOf = async (url: string, headers: Headers = {}) =>
  (await rig.get(url, headers)).json<{ photos: string[] }>().photos

t.test('a JPEG, PNG or WebP is stored, shown in photos, and served as what it is', async (t) => {
  for (const [bytes, type] of [
    [PNG, 'image/png'],
    [JPEG, 'image/jpeg'],
    [WEBP, 'image/webp'],
  ] as const) {
    const url = await petIn()
    const description = { name: 'additionalMetadata', bytes: Buffer.from('in the sun') }
    const sent = await app.inject({ ...form([description, file(bytes)]), url: `${url}/images` })
    t.equal(sent.statusCode, 201, sent.body)
    t.same(sent.json(), { message: 'The photo was added.', success: true })
    t.match(sent.headers, { etag: '"v2"', 'event-cursor': String })
    const location = String(sent.headers.location)
    const headers = { 'wait-for-cursor': String(sent.headers['event-cursor']) }
    t.same(
      (await app.inject({ url: location, headers })).rawPayload,
      bytes,
      'at its Location, at once',
    )
    const broken = await app.inject({ url: location, headers: { 'wait-for-cursor': 'broken' } })
    t.equal(broken.statusCode, 400, 'the cursor is looked at')
    const place = new URL((await photosOf(url))[0] ?? '').pathname
    const image = await app.inject(place)
    t.equal(image.statusCode, 200)
    t.equal(image.headers['content-type'], type)
    t.match(image.headers, {
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    })
    t.ok(image.rawPayload.equals(bytes))
    const held = { 'if-none-match': String(image.headers.etag) }
    t.equal((await app.inject({ url: place, headers: held })).statusCode, 304)
    const elsewhere = await petIn()
    t.equal(
      (await app.inject(place.replace(url, elsewhere))).statusCode,
      404,
      'not through another pet',
    )
  }
})

t.test('a photo is at its Location from the first moment on, for its own tenant', async (t) => {
  const url = await petIn(inTenant('staff'))
  const release = await holdReadModel(rig.url)
  try {
    const sent = await app.inject({ ...form([file(PNG)], inTenant('staff')), url: `${url}/images` })
    t.equal(sent.statusCode, 201, sent.body)
    const location = String(sent.headers.location)
    t.same((await app.inject(location)).rawPayload, PNG, 'before the read model has it')
    const bare = location.split('?')[0] ?? ''
    t.equal((await app.inject(bare)).statusCode, 404, 'not in the shared pool')
    const elsewhere = await app.inject(`${bare}?tenant=${OTHER_TENANT}`)
    t.equal(elsewhere.statusCode, 404, 'nor for another tenant')
    const headers = inTenant('staff')
    t.equal((await app.inject({ method: 'DELETE', url, headers })).statusCode, 204)
    t.equal((await app.inject(location)).statusCode, 404, 'the log knows that the pet was removed')
  } finally {
    await release()
  }
})

t.test('what is not one of these by its bytes is refused, whatever it is called', async (t) => {
  const url = `${await petIn()}/images`
  const wrong = await app.inject({ ...form([file(SVG)]), url })
  t.equal(wrong.statusCode, 415)
  t.match(wrong.json(), { errors: [{ field: 'file' }] })
  t.equal((await app.inject({ ...form([]), url })).statusCode, 422, 'no file')
  t.equal(
    (await app.inject({ ...form([file(Buffer.alloc(0))]), url })).statusCode,
    422,
    'an empty file',
  )
  t.equal(
    (await app.inject({ ...form([{ name: 'picture', bytes: PNG, filename: 'x' }]), url }))
      .statusCode,
    422,
  )
  t.equal((await app.inject({ ...form([file(PNG), file(PNG)]), url })).statusCode, 413, 'two files')
  const large = Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024)])
  t.equal((await app.inject({ ...form([file(large)]), url })).statusCode, 413, 'more than 5 MB')
  const largest = Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024 - PNG.length)])
  t.equal((await app.inject({ ...form([file(largest)]), url })).statusCode, 201, '5 MB')
})

t.test('a photo hosted elsewhere is added by its URL', async (t) => {
  const url = await petIn()
  const post = (payload: object) =>
    app.inject({ method: 'POST', url: `${url}/images`, headers: staff, payload })
  t.equal((await post({ url: 'https://images.example.org/luna.jpg' })).statusCode, 201)
  t.same(await photosOf(url), ['https://images.example.org/luna.jpg'])
  const bad = await post({ url: 'javascript:alert(1)', size: 3 })
  t.equal(bad.statusCode, 422)
  t.match(bad.json(), {
    errors: [
      { field: 'url', code: 'INVALID_FORMAT' },
      { field: 'size', code: 'UNKNOWN_FIELD' },
    ],
  })
})

t.test('sending photos is for staff, and for pets that are there', async (t) => {
  const url = `${await petIn()}/images`
  t.equal((await app.inject({ ...form([file(PNG)], {}), url })).statusCode, 401)
  t.equal((await app.inject({ ...form([file(PNG)], as('reader')), url })).statusCode, 403)
})

t.test('a file for a pet that is not there leaves nothing behind', async (t) => {
  const nowhere = '/v1/pets/0199f3a0-7c1e-7a01-8000-0000000000ff'
  const theirs = await petIn(inTenant('staff'))
  const gone = await petIn()
  await app.inject({ method: 'DELETE', url: gone, headers: staff })
  const before = stored.length
  const picture = form([file(PNG)])
  for (const url of [nowhere, theirs, gone]) {
    const sent = await app.inject({ ...picture, url: `${url}/images` })
    t.equal(sent.statusCode, 404, url)
  }
  const elsewhere = form([file(PNG)], { ...as('elsewhere'), 'x-tenant-id': OTHER_TENANT })
  t.equal((await app.inject({ ...elsewhere, url: `${theirs}/images` })).statusCode, 404)
  const stale = form([file(PNG)], { ...staff, 'if-match': '"v7"' })
  t.equal((await app.inject({ ...stale, url: `${await petIn()}/images` })).statusCode, 412)
  t.equal(stored.length, before)
})

t.test(
  'an image is found by the tenant in the query, because <img> sends no headers',
  async (t) => {
    const url = await petIn(inTenant('staff'))
    await app.inject({ ...form([file(PNG)], inTenant('staff')), url: `${url}/images` })
    const place = new URL((await photosOf(url, { 'x-tenant-id': TENANT }))[0] ?? '').pathname
    t.equal((await app.inject(place)).statusCode, 404)
    const found = await app.inject(`${place}?tenant=${TENANT}`)
    t.equal(found.statusCode, 200)
    t.match(found.headers['cache-control'], 'private')
    t.equal((await app.inject({ url: place, headers: { 'x-tenant-id': TENANT } })).statusCode, 200)
    t.equal((await app.inject(`${place}?tenant=x`)).statusCode, 400)
    const closed = await httpApp(t, { settings: { publicReads: false } })
    t.equal((await closed.app.inject(`${place}?tenant=${TENANT}`)).statusCode, 401)
  },
)

t.test(
  'a file sent twice under one Idempotency-Key is added once; another file under it is refused',
  async (t) => {
    const url = await petIn()
    const keyed = { ...staff, 'idempotency-key': 'k1' }
    const send = (bytes: Buffer) =>
      app.inject({ ...form([file(bytes)], keyed), url: `${url}/images` })
    t.equal((await send(PNG)).statusCode, 201)
    t.equal((await send(PNG)).headers['idempotent-replayed'], 'true')
    t.equal((await send(JPEG)).statusCode, 422)
    t.equal((await photosOf(url)).length, 1)
    const before = stored.length
    await app.inject({ method: 'DELETE', url, headers: staff })
    t.equal((await send(PNG)).statusCode, 201, 'also when the pet has gone since')
    t.equal(stored.length, before, 'a repeat stores nothing')
  },
)
