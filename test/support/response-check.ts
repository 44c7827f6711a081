// Every answer that a test gets is held against the published documents: its status must be a
// documented one of the operation, its media type too, and its body must fit the schema; what is
// refused elsewhere is refused in the words of a profile. Nothing that is served can drift from what is said.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'

type Json = Readonly<Record<string, unknown>>
type Media = Readonly<{ schema?: Json }>
type Response = Readonly<{ $ref?: string; content?: Readonly<Record<string, Media>> }>
type Operation = Readonly<{ responses: Readonly<Record<string, Response>> }>
type Path = Readonly<Record<string, Operation>>
export type Document = Readonly<{
  paths: Readonly<Record<string, Path>>
  components: Readonly<{
    responses: Readonly<Record<string, Response>>
    schemas: Readonly<Record<string, Json>>
  }>
}>
type Template = Readonly<{ pattern: RegExp; parameters: number; operations: Path }>
type Book = Readonly<{
  document: Document
  templates: readonly Template[]
  validatorOf(schema: Json): ValidateFunction
  /** Whether it is in the words of a profile, this one's or another's. */
  isRefusal(body: string): boolean
}>

const DOCUMENTS = ['/v1/openapi.json', '/classic/openapi.json']
// What is answered before an operation is reached; the documents say so under `default`.
const BEFORE_THE_ROUTE: ReadonlySet<number> = new Set([405, 408, 414, 431])

export type CheckedAnswer = Readonly<{
  statusCode: number
  headers: Readonly<Record<string, unknown>>
  body: string
}>
export type Answered = Readonly<{
  method: string // empty: not known, the request was none
  path: string
  response: CheckedAnswer
  hasBody?: boolean // false: of a HEAD, or of a stream that was left
}>

/** Gives the sentence of what is wrong; undefined when the answer is as documented. */
export type ResponseCheck = (answered: Answered) => string | undefined

export const createResponseCheck = async (app: FastifyInstance): Promise<ResponseCheck> => {
  const texts: string[] = []
  for (const url of DOCUMENTS) texts.push((await app.inject(url)).body)
  const key = JSON.stringify(texts)
  const check = known.get(key) ?? responseCheckOf(texts.map((text) => JSON.parse(text) as Document))
  known.set(key, check)
  return check
}

/** By the documents' text: most applications of a file publish the same, and schemas take long to compile. */
const known = new Map<string, ResponseCheck>()

export const responseCheckOf = (documents: readonly Document[]): ResponseCheck => {
  const books: readonly Book[] = documents.map((document, index) =>
    open(`document:${index}`, { document, books: () => books }),
  )
  return (answered) => {
    for (const book of books) {
      const operation = find(book, answered)
      if (operation !== undefined) return check(book, operation, answered)
    }
    return checkRefusal(books, answered)
  }
}

/** What no operation answered: a path or a method of it that is not there, bytes that are no HTTP. */
const checkRefusal = (books: readonly Book[], answered: Answered): string | undefined => {
  const { method, path, response } = answered
  const { statusCode, body } = response
  const what = `${method} ${path}: ${statusCode}`
  if (statusCode >= 500) return `${what} where no operation is: ${body.slice(0, 400)}`
  if (statusCode < 400 || method === 'HEAD' || answered.hasBody === false) return undefined
  const others = books.flatMap((book) => operationsAt(book, path).map((one) => ({ book, one })))
  if (others.some(({ book, one }) => check(book, one, answered) === undefined)) return undefined
  if (books.some((book) => book.isRefusal(body))) return undefined
  return `${what} is refused in no documented shape: ${body.slice(0, 400)}`
}

const REFUSALS = ['Problem', 'ClassicError']

/** Bytes that are no HTTP are refused in one manner, whatever they were meant for: `books` has the words of all. */
const isRefusalIn = (books: readonly Book[], body: string): boolean => {
  const json = parsed(body)
  return books.some(({ document, validatorOf }) =>
    REFUSALS.some((name) => {
      const schema = document.components.schemas[name]
      return json !== undefined && schema !== undefined && validatorOf(schema)(json.json)
    }),
  )
}

const open = (
  url: string,
  { document, books }: Readonly<{ document: Document; books: () => readonly Book[] }>,
): Book => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  ajv.addSchema(document, url)
  const known = new WeakMap<Json, ValidateFunction>()
  return {
    document,
    templates: Object.entries(document.paths)
      .map(([path, operations]) => ({
        pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        parameters: path.split('{').length - 1,
        operations,
      }))
      .sort((a, b) => a.parameters - b.parameters), // `/pets/search` before `/pets/{id}`
    isRefusal: (body) => isRefusalIn(books(), body),
    validatorOf: (schema) => {
      const before = known.get(schema)
      if (before !== undefined) return before
      const text = JSON.stringify(schema).replaceAll('"#/', `"${url}#/`)
      const validate = ajv.compile(JSON.parse(text) as Json)
      known.set(schema, validate)
      return validate
    },
  }
}

const find = (book: Book, { method, path }: Answered): Operation | undefined => {
  const asked = method === 'HEAD' ? 'get' : method.toLowerCase()
  return book.templates.find(({ pattern }) => pattern.test(path))?.operations[asked]
}

const operationsAt = (book: Book, path: string): readonly Operation[] =>
  Object.values(book.templates.find(({ pattern }) => pattern.test(path))?.operations ?? {})

const check = (
  book: Book,
  operation: Operation,
  { method, path, response, hasBody = method !== 'HEAD' }: Answered,
): string | undefined => {
  const { statusCode, body } = response
  const what = `${method} ${path}: ${statusCode}`
  const stated = operation.responses[String(statusCode)]
  if (stated === undefined) {
    if (!BEFORE_THE_ROUTE.has(statusCode)) return `${what} is not a documented status`
    return !hasBody || book.isRefusal(body) ? undefined : `${what} is not a documented shape`
  }
  const { content } = follow(book, stated)
  if (content === undefined)
    return body === '' || !hasBody ? undefined : `${what} is documented without a body`
  const type = String(response.headers['content-type'] ?? '').split(';')[0] ?? ''
  const media = content[type] ?? content[`${type.split('/')[0]}/*`]
  if (media === undefined) return `${what} is not documented as ${type}`
  if (!hasBody || !type.endsWith('json') || media.schema === undefined) return undefined
  const validate = book.validatorOf(media.schema)
  const value = parsed(body)
  if (value === undefined) return `${what} is not JSON: ${body.slice(0, 200)}`
  if (validate(value.json)) return undefined
  const faults = (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath} ${message}`,
  )
  return `${what} does not fit its schema: ${faults.slice(0, 5).join('; ')}: ${body.slice(0, 400)}`
}

const follow = (book: Book, stated: Response): Response => {
  const name = stated.$ref?.split('/').at(-1)
  return name === undefined ? stated : (book.document.components.responses[name] ?? stated)
}

const parsed = (body: string): Readonly<{ json: unknown }> | undefined => {
  try {
    return { json: JSON.parse(body) as unknown }
  } catch {
    return undefined
  }
}
