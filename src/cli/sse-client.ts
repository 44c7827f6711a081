// A small reader of Server-Sent Events over fetch. It differs from a browser's in one thing: a block
// that has only an id is given out too, because it moves the place to resume from.

export type EventBlock = Readonly<{
  event: string // `message` when the server gave no name
  data: string | undefined // undefined: the block had none
  id: string | undefined // the newest id so far, undefined before the first
  retryMs: number | undefined
}>

export type Connected =
  | Readonly<{ kind: 'open'; blocks: AsyncIterable<EventBlock> }>
  | Readonly<{
      kind: 'refused'
      status: number
      detail: string
      retryAfterMs: number | undefined
    }>

export type ConnectOptions = Readonly<{
  url: string
  headers: Readonly<Record<string, string>>
  signal: AbortSignal
  /** No byte for so long, and the stream ends with an error: a server sends heartbeats. */
  silenceLimitMs: number
}>

const MAX_LINE_CHARACTERS = 1_048_576
const MAX_PROBLEM_CHARACTERS = 2_000
const CONNECT_TIMEOUT_MS = 10_000

export const connect = async (options: ConnectOptions): Promise<Connected> => {
  const silence = new AbortController()
  const response = await withLimit(CONNECT_TIMEOUT_MS, silence, () =>
    fetch(options.url, {
      headers: { accept: 'text/event-stream', ...options.headers },
      signal: AbortSignal.any([options.signal, silence.signal]),
    }),
  )
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 200 && response.body !== null && type.startsWith('text/event-stream')) {
    const chunks = watched(response.body, silence, options.silenceLimitMs)
    return { kind: 'open', blocks: readBlocks(chunks) }
  }
  const detail = await withLimit(CONNECT_TIMEOUT_MS, silence, () => problemDetail(response))
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN)
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined
  return { kind: 'refused', status: response.status, detail, retryAfterMs }
}

const withLimit = async <T>(
  limitMs: number,
  abort: AbortController,
  work: () => Promise<T>,
): Promise<T> => {
  const timer = setTimeout(() => abort.abort(new Error('the server does not answer')), limitMs)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

const problemDetail = async (response: Response): Promise<string> => {
  const text = (await response.text()).slice(0, MAX_PROBLEM_CHARACTERS)
  try {
    const { detail, title } = Object(JSON.parse(text)) as Readonly<Record<string, unknown>>
    const reason = [detail, title].find((value): value is string => typeof value === 'string')
    return reason ?? response.statusText
  } catch {
    return response.statusText
  }
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  silence: AbortController,
  limitMs: number,
): AsyncGenerator<Uint8Array> {
  const onSilence = (): void => silence.abort(new Error('the server went silent'))
  let timer = setTimeout(onSilence, limitMs)
  try {
    for await (const chunk of body) {
      clearTimeout(timer) // a consumer that takes its time is not the server's silence
      yield chunk
      timer = setTimeout(onSilence, limitMs)
    }
  } finally {
    clearTimeout(timer)
  }
}

type Draft = { event: string; data: string[]; retryMs: number | undefined; touched: boolean }

const emptyDraft = (): Draft => ({ event: '', data: [], retryMs: undefined, touched: false })

/** Bytes to blocks, by the rules of the HTML standard (section 9.2, server-sent events). */
export async function* readBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EventBlock> {
  let id: string | undefined
  let draft = emptyDraft()
  for await (const line of readLines(chunks)) {
    if (line !== '') {
      id = takeField(draft, line, id)
      continue
    }
    if (draft.touched) {
      const data = draft.data.length > 0 ? draft.data.join('\n') : undefined
      yield { event: draft.event || 'message', data, id, retryMs: draft.retryMs }
    }
    draft = emptyDraft()
  }
}

/** Puts one line into the draft; returns the id that holds after it. */
const takeField = (draft: Draft, line: string, id: string | undefined): string | undefined => {
  const colon = line.indexOf(':')
  if (colon === 0) return id // a comment: the heartbeat
  const name = colon < 0 ? line : line.slice(0, colon)
  const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
  draft.touched = true
  if (name === 'data') draft.data.push(value)
  if (name === 'event') draft.event = value
  if (name === 'retry' && /^\d+$/.test(value)) draft.retryMs = Number(value)
  return name === 'id' && !value.includes('\0') ? value : id
}

// A line ends with CR, LF or both; a CR at the end of a chunk may be half of one line end.
async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder() // drops a byte order mark
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const held = rest.endsWith('\r') ? '\r' : ''
    const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\r|\n/)
    rest = `${lines.pop() ?? ''}${held}`
    if (rest.length > MAX_LINE_CHARACTERS) throw new Error('a line of the stream is too long')
    yield* lines
  }
}
