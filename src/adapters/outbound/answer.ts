// The answer to one request, read as it comes (RFC 9112). What is not written as it must be is broken: to guess what a
// receiver meant would be to guess where its answer ends.
import { type AnswerHead, readHead } from './answer-head.ts'

/** One record an answer, changed as it goes. */
export type Answer = {
  readonly maxBytes: number // of the body, that are taken
  state: 'head' | 'body' | 'chunk_size' | 'chunk' | 'chunk_end' | 'trailers' | Ended
  head: AnswerHead | undefined // of no interim answer
  text: string // the beginning of a line or a head that goes on
  headBytes: number // of all heads and trailers so far
  left: number // of the body, or of a chunk of it; Infinity: as long as the connection lasts
  chunks: Buffer[] | undefined
  size: number // of what was taken
  hasMore: boolean // than the answer: nobody asked for that
}

/** `cut`: it is longer than what is taken of it, or broke off after its head. */
type Ended = 'whole' | 'cut' | 'broken'

const MAX_HEAD_BYTES = 16_384
const MAX_CHUNK_LINE = 256
const CHUNK_SIZE = /^([0-9a-f]{1,12})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/i
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const FIRST_FINAL_STATUS = 200

export const newAnswer = (maxBytes: number): Answer => ({
  maxBytes,
  state: 'head',
  head: undefined,
  text: '',
  headBytes: 0,
  left: 0,
  chunks: undefined,
  size: 0,
  hasMore: false,
})

export const hasEnded = ({ state }: Answer): boolean =>
  state === 'whole' || state === 'cut' || state === 'broken'

export const takeChunk = (answer: Answer, chunk: Buffer): void => {
  let at = 0
  while (at < chunk.length) {
    if (hasEnded(answer)) {
      answer.hasMore = true
      return
    }
    at = step(answer, chunk, at)
  }
}

/** Nothing more comes. `isOrderly`: the receiver said so. */
export const endAnswer = (answer: Answer, isOrderly: boolean): void => {
  if (hasEnded(answer)) return
  if (isOrderly && answer.left === Infinity) answer.state = 'whole'
  else fail(answer)
}

/** A status that has come counts, whatever becomes of the rest. */
const fail = (answer: Answer): void => {
  answer.state = answer.head === undefined ? 'broken' : 'cut'
}

export const bodyOf = ({ chunks, maxBytes }: Answer): string =>
  chunks === undefined ? '' : Buffer.concat(chunks).subarray(0, maxBytes).toString()

const step = (answer: Answer, chunk: Buffer, at: number): number => {
  switch (answer.state) {
    case 'head':
      return takeText(answer, { chunk, at, end: HEAD_END, most: MAX_HEAD_BYTES }, onHead)
    case 'chunk_size':
      return takeText(answer, { chunk, at, end: LINE_END, most: MAX_CHUNK_LINE }, onChunkSize)
    case 'chunk_end':
      return takeText(answer, { chunk, at, end: LINE_END, most: 0 }, onChunkEnd)
    case 'trailers':
      return takeText(answer, { chunk, at, end: LINE_END, most: MAX_HEAD_BYTES }, onTrailer)
    default:
      return takeBody(answer, chunk, at)
  }
}

type Piece = Readonly<{ chunk: Buffer; at: number; end: string; most: number }>

/** Up to its end, which may come in pieces as well. */
const takeText = (
  answer: Answer,
  { chunk, at, end, most }: Piece,
  onWhole: (answer: Answer, text: string) => void,
): number => {
  const before = answer.text.length
  const room = most + end.length - before
  const text = answer.text + chunk.toString('latin1', at, at + room)
  const found = text.indexOf(end, Math.max(0, before - end.length + 1))
  if (found === -1) {
    answer.text = text
    if (text.length === before + room) fail(answer)
    return at + text.length - before
  }
  answer.text = ''
  onWhole(answer, text.slice(0, found))
  return at + found + end.length - before
}

const onHead = (answer: Answer, text: string): void => {
  answer.headBytes += text.length
  const head = answer.headBytes > MAX_HEAD_BYTES ? undefined : readHead(text)
  if (head === undefined) fail(answer)
  else if (head.status >= FIRST_FINAL_STATUS) begin(answer, head)
}

const begin = (answer: Answer, head: AnswerHead): void => {
  answer.head = head
  const { framing } = head
  if (framing === 'chunked') answer.state = 'chunk_size'
  else {
    answer.left = framing
    answer.state = framing === 0 ? 'whole' : 'body'
  }
}

const onChunkSize = (answer: Answer, line: string): void => {
  const [, digits] = CHUNK_SIZE.exec(line) ?? []
  if (digits === undefined) fail(answer)
  else {
    answer.left = Number.parseInt(digits, 16)
    answer.state = answer.left === 0 ? 'trailers' : 'chunk'
  }
}

const onChunkEnd = (answer: Answer): void => {
  answer.state = 'chunk_size'
}

/** They are passed over. */
const onTrailer = (answer: Answer, line: string): void => {
  answer.headBytes += line.length + LINE_END.length
  if (line === '') answer.state = 'whole'
  else if (answer.headBytes > MAX_HEAD_BYTES) fail(answer)
}

const takeBody = (answer: Answer, chunk: Buffer, at: number): number => {
  const until = Math.min(chunk.length, at + answer.left)
  const taken = until - at
  ;(answer.chunks ??= []).push(chunk.subarray(at, until))
  answer.left -= taken
  answer.size += taken
  if (answer.size > answer.maxBytes) answer.state = 'cut'
  else if (answer.left === 0) answer.state = answer.state === 'chunk' ? 'chunk_end' : 'whole'
  return until
}
