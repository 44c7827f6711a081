// The head of an answer, and what it says of where the answer ends.

/** `framing`: bytes of the body; Infinity: it ends with its connection. */
export type AnswerHead = Readonly<{
  status: number
  headers: Readonly<Record<string, string>> // names in lower case
  framing: number | 'chunked'
  keptMs: number // so long the receiver keeps the connection, as far as it says; 0: it does not
}>

const VALUE = String.raw`[\t\x20-\x7e\x80-\xff]*`
const TOKEN = String.raw`[!#$%&'*+\-.^_\x60|~0-9A-Za-z]+`
const HEAD = new RegExp(`^HTTP/1\\.[01] [1-9]\\d\\d(?: ${VALUE})?(?:\r\n${TOKEN}:${VALUE})*$`)
const [VERSION_AT, STATUS_AT, STATUS_ENDS] = [7, 9, 12]
const LENGTH = /^\d{1,15}$/
const SWITCHING_PROTOCOLS = 101
const NO_CONTENT = 204
const NOT_MODIFIED = 304
const CHUNKED_LAST = /(?:^|,)[\t ]*chunked$/i
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i
const KEPT_SECONDS = /(?:^|[,\t ])timeout=(\d{1,9})/i

/** Of a text without its empty line; undefined: it is none, or two may read it differently. */
export const readHead = (text: string): AnswerHead | undefined => {
  if (!HEAD.test(text)) return undefined
  const status = Number(text.slice(STATUS_AT, STATUS_ENDS))
  if (status === SWITCHING_PROTOCOLS) return undefined
  const headers = fieldsOf(text)
  const framing = framingOf(status, headers)
  if (framing === undefined) return undefined
  const isKept = text[VERSION_AT] === '1' && framing !== Infinity
  return { status, headers, framing, keptMs: isKept ? keptMsOf(headers) : 0 }
}

const keptMsOf = (headers: Readonly<Record<string, string>>): number => {
  if (CLOSE.test(headers['connection'] ?? '')) return 0
  const said = headers['keep-alive']
  const seconds = said === undefined ? undefined : KEPT_SECONDS.exec(said)?.[1]
  return seconds === undefined ? Infinity : Number(seconds) * 1_000
}

const fieldsOf = (text: string): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = {}
  for (let end = text.indexOf('\r\n'); end !== -1;) {
    const start = end + 2
    end = text.indexOf('\r\n', start)
    const colon = text.indexOf(':', start)
    const name = text.slice(start, colon).toLowerCase()
    const value = text.slice(colon + 1, end === -1 ? text.length : end).trim()
    const before = fields[name]
    fields[name] = before === undefined ? value : `${before}, ${value}`
  }
  return fields
}

const framingOf = (
  status: number,
  headers: Readonly<Record<string, string>>,
): AnswerHead['framing'] | undefined => {
  const length = headers['content-length']
  const coding = headers['transfer-encoding']
  if (length !== undefined && (coding !== undefined || !LENGTH.test(length))) return undefined
  if (status === NO_CONTENT || status === NOT_MODIFIED) return 0
  if (coding !== undefined) return CHUNKED_LAST.test(coding) ? 'chunked' : Infinity
  return length === undefined ? Infinity : Number(length)
}
