// The reader of event streams: the standard's rules for lines and fields, however the bytes are cut.
import fc from 'fast-check'
import t from 'tap'
import { type EventBlock, readBlocks } from '../../src/cli/sse-client.ts'

async function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    yield bytes.subarray(start, cut)
    start = cut
  }
  yield bytes.subarray(start)
}

const read = async (text: string, cuts: readonly number[] = []): Promise<readonly EventBlock[]> => {
  const blocks: EventBlock[] = []
  for await (const block of readBlocks(chunksOf(Buffer.from(text), cuts))) blocks.push(block)
  return blocks
}

const block = (fields: Partial<EventBlock>): EventBlock => ({
  event: 'message',
  data: undefined,
  id: undefined,
  retryMs: undefined,
  ...fields,
})

t.test('names, data of several lines, ids and retry times are read', async (t) => {
  t.strictSame(
    await read(
      '\ufeffretry: 2000\n\nevent: ready\ndata: {"a":1}\n\nid: c1\ndata: one\ndata:two\n\n',
    ),
    [
      block({ retryMs: 2000 }),
      block({ event: 'ready', data: '{"a":1}' }),
      block({ data: 'one\ntwo', id: 'c1' }),
    ],
  )
})

t.test('a block with only an id is given out, and its id holds for those after it', async (t) => {
  t.strictSame(await read('id: c1\n\ndata: x\n\n'), [
    block({ id: 'c1' }),
    block({ data: 'x', id: 'c1' }),
  ])
})

t.test(
  'comments, unknown fields, bad retry times and an unfinished block give nothing',
  async (t) => {
    t.strictSame(await read(':\n\n: hello\n\nretry: soon\ndata\n\ndata: cut off'), [
      block({ data: '' }),
    ])
  },
)

t.test('every line end is one, and the same bytes cut anywhere give the same blocks', async (t) => {
  const text = 'event: größe\r\ndata: 🐈 a\rdata: b\r\n\r\nid: c2\r\r: beat\n\ndata: z\n\n'
  const whole = await read(text)
  t.strictSame(whole, [
    block({ event: 'größe', data: '🐈 a\nb' }),
    block({ id: 'c2' }),
    block({ data: 'z', id: 'c2' }),
  ])
  const length = Buffer.byteLength(text)
  const result = await fc.check(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: length }), { maxLength: 30 }),
      async (cuts) => {
        t.strictSame(await read(text, cuts), whole)
      },
    ),
    { seed: 11, numRuns: 200 },
  )
  t.equal(result.failed, false, fc.defaultReportMessage(result) ?? 'held')
})

t.test('a line without end does not fill the memory', async (t) => {
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(65_536, 97)
  }
  const reading = (async () => {
    for await (const block of readBlocks(endless())) t.fail(`got ${block.event}`)
  })()
  await t.rejects(reading, { message: 'a line of the stream is too long' })
})
