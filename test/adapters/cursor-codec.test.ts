// Cursors are opaque, bound to their tenant and told apart from forged or outdated ones.
import fc from 'fast-check'
import t from 'tap'
import { createCursorCodec } from '../../src/adapters/system/cursor-codec.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'

const codecOf = (epoch: number, fill = 1) =>
  createCursorCodec({ epoch, cursorKey: new Uint8Array(16).fill(fill) })
const codec = codecOf(7)
const OTHER = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b')
const position = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const tenant = fc.constantFrom(SHARED_TENANT, OTHER)
const seeded = { seed: 20_260_822, numRuns: 500 }

t.test('a cursor is 22 characters of the URL-safe alphabet and gives its position back', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(tenant, position, (tenantId, place) => {
        const cursor = codec.encode(tenantId, place)
        const decoded = codec.decode(tenantId, cursor)
        return (
          /^[A-Za-z0-9_-]{22}$/.test(cursor) &&
          decoded.kind === 'position' &&
          decoded.position === place
        )
      }),
      seeded,
    ),
  )
  t.end()
})

t.test('many cursors at once are those that they are one by one', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(tenant, fc.array(position, { maxLength: 50 }), (tenantId, places) => {
        const one = places.map((place) => codecOf(7).encode(tenantId, place))
        return codec.encodeAll(tenantId, places).join() === one.join()
      }),
      { ...seeded, numRuns: 100 },
    ),
  )
  t.end()
})

t.test('a cursor of one tenant is nothing to another', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        position,
        (place) => codec.decode(OTHER, codec.encode(SHARED_TENANT, place)).kind === 'invalid',
      ),
      seeded,
    ),
  )
  t.end()
})

t.test('no changed bit goes unnoticed', (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(position, fc.integer({ min: 0, max: 127 }), (place, bit) => {
        const bytes = Buffer.from(codec.encode(SHARED_TENANT, place), 'base64url')
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
        return codec.decode(SHARED_TENANT, bytes.toString('base64url')).kind !== 'position'
      }),
      seeded,
    ),
  )
  t.end()
})

t.test('other text, other spellings of the same bits and other keys are invalid', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => codec.decode(SHARED_TENANT, text).kind === 'invalid'),
    seeded,
  )
  const cursor = codec.encode(SHARED_TENANT, 42)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const spellings = [...alphabet].map((last) => cursor.slice(0, 21) + last)
  const accepted = spellings.filter((text) => codec.decode(SHARED_TENANT, text).kind === 'position')
  t.same(accepted, [cursor])
  t.same(codecOf(7, 2).decode(SHARED_TENANT, cursor), { kind: 'invalid' })
  t.end()
})

t.test('a cursor from before the log was restored is told apart', (t) => {
  const earlier = codecOf(6).encode(SHARED_TENANT, 42)
  t.same(codec.decode(SHARED_TENANT, earlier), { kind: 'other_epoch' })
  t.end()
})

t.test('neighbouring positions have cursors that show no order', (t) => {
  const cursors = Array.from({ length: 50 }, (_, place) => codec.encode(SHARED_TENANT, place))
  t.equal(new Set(cursors).size, 50)
  t.notSame([...cursors].sort(), cursors)
  t.end()
})
