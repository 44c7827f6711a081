// A finished answer to a read: bytes, entity tag and header fields made once and sent many times. Compressed variants
// are made on first demand and carry a tag of their own, so that a strong tag always names exact bytes.
import { hash as digest } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { SHARED_TENANT, type TenantId } from '../../core/ids.ts'
import { isUnchanged } from './conditional.ts'

export type Encoding = 'identity' | 'gzip' | 'br'
export type Variant = Readonly<{
  body: Buffer
  headers: Readonly<Record<string, string>>
  fields: readonly string[] // the same, name and value in turn, as they are written
}>

export type Answer = Readonly<{
  variants: Map<Encoding, Variant>
  tags: readonly string[] // of every encoding, identity first
  isCompressible: boolean
}>

export type AnswerInput = Readonly<{
  tenantId: TenantId
  json: string
  eventCursor: string // taken before the query ran
  tag?: string // of a single resource: its version. Otherwise a hash of the bytes.
  headers?: Readonly<Record<string, string>>
}>

const COMPRESS_FROM_BYTES = 1_024
const BROTLI_QUALITY = 5
export const JSON_TYPE = 'application/json; charset=utf-8'
const VARY = 'Origin, X-Tenant-ID, Authorization, Accept-Encoding'

export const makeAnswer = (input: AnswerInput): Answer => {
  const body = Buffer.from(input.json)
  // A single resource's tag is its version, for If-Match too: it is sent in one form only, never compressed.
  const isCompressible = input.tag === undefined && body.length >= COMPRESS_FROM_BYTES
  const hash = digest('sha256', body, 'base64url').slice(0, 27)
  const tag = input.tag ?? `"${hash}"`
  const headers = {
    'content-type': JSON_TYPE,
    'content-length': String(body.length),
    'cache-control': cacheControlFor(input.tenantId),
    vary: VARY,
    etag: tag,
    'event-cursor': input.eventCursor,
    ...input.headers,
  }
  return {
    variants: new Map<Encoding, Variant>([['identity', variantOf(body, headers)]]),
    tags: isCompressible ? [tag, `"${hash}-gzip"`, `"${hash}-br"`] : [tag],
    isCompressible,
  }
}

const variantOf = (body: Buffer, headers: Variant['headers']): Variant => ({
  body,
  headers,
  fields: Object.entries(headers).flat(),
})

/** Copies may be kept but have to be checked: the entity tag makes that cheap. */
export const cacheControlFor = (tenantId: TenantId): string =>
  tenantId === SHARED_TENANT ? 'public, no-cache' : 'private, no-cache'

/** The variant that this request should get; undefined when it has yet to be made. */
export const readyVariant = (answer: Answer, request: IncomingMessage): Variant | undefined =>
  answer.variants.get(encodingFor(answer, request))

export const makeVariant = async (answer: Answer, request: FastifyRequest): Promise<Variant> => {
  const encoding = encodingFor(answer, request.raw)
  const ready = answer.variants.get(encoding)
  if (ready !== undefined) return ready
  const plain = answer.variants.get('identity')
  if (plain === undefined) throw new Error('an answer without its identity variant')
  const body = encoding === 'br' ? await brotli(plain.body) : await promisify(gzip)(plain.body)
  const tag = answer.tags[encoding === 'br' ? 2 : 1] ?? ''
  const headers = {
    ...plain.headers,
    'content-encoding': encoding,
    'content-length': String(body.length),
    etag: tag,
  }
  const variant = variantOf(body, headers)
  answer.variants.set(encoding, variant)
  return variant
}

const brotli = (body: Buffer): Promise<Buffer> =>
  promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } })

/** Writes the finished bytes past the framework's own sending: nothing is left for it to serialise or to hook into. */
export const sendVariant = (
  request: FastifyRequest,
  reply: FastifyReply,
  sent: Readonly<{ answer: Answer; variant: Variant }>,
): FastifyReply => {
  const { answer, variant } = sent
  const held = request.raw.headers['if-none-match']
  if (held !== undefined && isUnchanged(held, answer.tags)) {
    return reply.code(304).headers(withoutContent(variant.headers)).send()
  }
  writeFinished(reply, { ...sent, status: 200 })
  return reply
}

type Finished = Readonly<{
  status: number
  variant: Pick<Variant, 'headers' | 'fields'> & Readonly<{ body: Buffer | string }>
}>

const writeFinished = (reply: FastifyReply, { status, variant }: Finished): void => {
  reply.hijack()
  const fields = [...variant.fields]
  const given = reply.getHeaders()
  for (const name in given) {
    const value = given[name]
    if (value !== undefined && !(name in variant.headers)) fields.push(name, String(value))
  }
  reply.raw.writeHead(status, fields)
  reply.raw.end(variant.body)
}

/** A JSON text that is sent once, in the same way. */
export const sendJson = (
  reply: FastifyReply,
  { json, headers }: Readonly<{ json: string; headers: Readonly<Record<string, string>> }>,
): FastifyReply => {
  const all = {
    'content-type': JSON_TYPE,
    'content-length': String(Buffer.byteLength(json)),
    ...headers,
  }
  const fields = Object.entries(all).flat()
  writeFinished(reply, {
    status: reply.statusCode,
    variant: { headers: all, fields, body: json },
  })
  return reply
}

const CONTENT_FIELDS = ['content-length', 'content-type', 'content-encoding']
const withoutContent = (headers: Variant['headers']): Variant['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !CONTENT_FIELDS.includes(name)))

const encodingFor = (answer: Answer, request: IncomingMessage): Encoding => {
  const accepted = request.headers['accept-encoding']
  if (!answer.isCompressible || accepted === undefined) return 'identity'
  return chosenEncoding(typeof accepted === 'string' ? accepted : String(accepted))
}

const MAX_REMEMBERED_CHOICES = 256
const choices = new Map<string, Encoding>()

const chosenEncoding = (accepted: string): Encoding => {
  const known = choices.get(accepted)
  if (known !== undefined) return known
  if (choices.size >= MAX_REMEMBERED_CHOICES) choices.clear()
  const choice = negotiate(accepted)
  choices.set(accepted, choice)
  return choice
}

/** The best of br and gzip that is not refused by q=0; `*` stands for what is not named. */
const negotiate = (accepted: string): Encoding => {
  const weights = new Map<string, number>()
  for (const item of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)) || 0)
  }
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0
  const [br, zipped] = [weightOf('br'), weightOf('gzip')]
  if (br === 0 && zipped === 0) return 'identity'
  return br >= zipped ? 'br' : 'gzip'
}
