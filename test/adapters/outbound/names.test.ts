// Names are asked of a name server, here one of our own on a socket.
import { createSocket, type Socket } from 'node:dgram'
import t, { type Test } from 'tap'
import { createResolveName } from '../../../src/adapters/outbound/names.ts'
import { until } from '../../projections/support.ts'

const A = 1
const AAAA = 28
const HEADER_BYTES = 12
const never = new AbortController().signal

type Answers = Readonly<Record<number, readonly Buffer[]>> // addresses as bytes, by type

/** Answers every question of a type with these addresses; undefined: it stays silent. */
const startNameServer = async (t: Test, answers: Answers | undefined) => {
  const questions: Buffer[] = []
  const socket: Socket = createSocket('udp4')
  socket.on('message', (query, { port }) => {
    questions.push(query)
    if (answers === undefined) return
    const end = query.indexOf(0, HEADER_BYTES) + 5
    const records = answers[query.readUInt16BE(end - 4)] ?? []
    const header = Buffer.from(query.subarray(0, HEADER_BYTES))
    header.writeUInt16BE(0x8180, 2) // an answer, without error
    header.writeUInt16BE(records.length, 6)
    header.writeUInt32BE(0, 8)
    const body = records.map((address) => {
      const record = Buffer.alloc(12)
      record.writeUInt16BE(0xc00c, 0) // the name in the question
      record.writeUInt16BE(address.length === 4 ? A : AAAA, 2)
      record.writeUInt16BE(1, 4)
      record.writeUInt16BE(address.length, 10)
      return Buffer.concat([record, address])
    })
    socket.send(Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...body]), port)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return { resolve: createResolveName([`127.0.0.1:${socket.address().port}`]), questions }
}

const V4 = Buffer.from([93, 184, 215, 14])
const V6 = Buffer.from('26062800021fcb07682080daaf6b8b2c', 'hex')

t.test('all addresses of both families are found', async (t) => {
  const inner = Buffer.from([10, 0, 0, 1])
  const { resolve, questions } = await startNameServer(t, { [A]: [V4, inner], [AAAA]: [V6] })
  const found = await resolve('hooks.example.com', never)
  t.strictSame(
    new Set(found),
    new Set(['93.184.215.14', '10.0.0.1', '2606:2800:21f:cb07:6820:80da:af6b:8b2c']),
  )
  t.equal(questions.length, 2, 'no search domain was tried')
})

t.test('one family is enough, and none is an empty list', async (t) => {
  const { resolve } = await startNameServer(t, { [AAAA]: [V6] })
  t.strictSame(await resolve('hooks.example.com', never), [
    '2606:2800:21f:cb07:6820:80da:af6b:8b2c',
  ])
  const nothing = await startNameServer(t, {})
  t.strictSame(await nothing.resolve('hooks.example.com', never), [])
})

t.test('a server that is silent is given up when the caller gives up', async (t) => {
  const { resolve, questions } = await startNameServer(t, undefined)
  const controller = new AbortController()
  const asking = resolve('hooks.example.com', controller.signal)
  await until('it was asked', () => questions.length > 0)
  controller.abort()
  t.strictSame(await asking, [])
})

t.test('localhost is this machine, whatever a server says', async (t) => {
  const { resolve, questions } = await startNameServer(t, { [A]: [V4] })
  t.strictSame(await resolve('localhost', never), ['127.0.0.1', '::1'])
  t.strictSame(await resolve('a.localhost', never), ['127.0.0.1', '::1'])
  t.equal(questions.length, 0)
})
