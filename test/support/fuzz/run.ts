// The fuzz run: seeded requests from the published documents over real sockets, each answer held
// against them. An answer is wrong when it is a 5xx, does not come in time, or is not as
// documented.
import { request as httpRequest } from 'node:http'
import fc from 'fast-check'
import type { CheckedAnswer, ResponseCheck } from '../response-check.ts'
import { unpacked } from '../watch-answers.ts'
import { type Document, type FuzzRequest, requestOf, type World } from './requests.ts'

export type FuzzOptions = Readonly<{
  url: string // of the running server
  documents: readonly Document[]
  world: World
  check: ResponseCheck
  requests: number
  seed: number
  concurrency?: number
  deadlineMs?: number
}>

export type FuzzReport = Readonly<{
  requests: number
  operations: number // of the documents that were met
  statuses: Readonly<Record<string, number>>
  faults: readonly string[]
}>

const MAX_FAULTS = 20
const ENDLESS = new Set(['/v1/events/stream'])

export const runFuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { documents, world, requests, seed, concurrency = 8 } = options
  const arbitrary = fc.oneof(
    ...documents.map((document) => ({
      arbitrary: requestOf(document, world),
      weight: Object.keys(document.paths).length,
    })),
  )
  const todo = fc.sample(arbitrary, { numRuns: requests, seed })
  const statuses: Record<string, number> = {}
  const met = new Set<string>()
  const faults: string[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < todo.length && faults.length < MAX_FAULTS) {
      const one = todo[next]
      next += 1
      if (one === undefined) return
      const outcome = await send(options, one)
      const key = outcome.kind === 'answer' ? String(outcome.answer.statusCode) : outcome.kind
      statuses[key] = (statuses[key] ?? 0) + 1
      met.add(`${one.method} ${one.template}`)
      const fault = faultOf(options.check, one, outcome)
      if (fault !== undefined) faults.push(`${fault}\n  ${shortened(one)}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return { requests: next, operations: met.size, statuses, faults }
}

/** Enough to send it again by hand, without tokens and without the twenty thousandth x. */
const shortened = ({ method, target, headers, body }: FuzzRequest): string => {
  const { authorization = '', ...others } = headers
  const shown = Object.entries({ ...others, authorization: authorization.slice(0, 12) })
    .map(([name, value]) => `${name}: ${value.slice(0, 60)}`)
    .join(', ')
  return `${method} ${target.slice(0, 300)} {${shown}} ${(body ?? '').slice(0, 300)}`
}

type Outcome =
  | Readonly<{ kind: 'answer'; answer: CheckedAnswer }>
  | Readonly<{ kind: 'hang' }>
  | Readonly<{ kind: 'unsendable' }>
  | Readonly<{ kind: 'broken'; message: string }>

const faultOf = (
  check: ResponseCheck,
  request: FuzzRequest,
  outcome: Outcome,
): string | undefined => {
  const { method, target } = request
  if (outcome.kind === 'unsendable') return undefined
  if (outcome.kind === 'hang') return `${method} ${target.slice(0, 200)}: no answer in time`
  // What is no HTTP is refused before its method is known: a HEAD then gets a body, which the client reports.
  if (outcome.kind === 'broken' && method === 'HEAD') return undefined
  if (outcome.kind === 'broken') return `${method} ${target.slice(0, 200)}: ${outcome.message}`
  const { answer } = outcome
  if (answer.statusCode >= 500)
    return `${method} ${target.slice(0, 200)}: ${answer.statusCode} ${answer.body}`
  const [path = ''] = target.split('?')
  return check({ method, path, response: answer })
}

/** More than the server's own limit: what does not come whole (Content-Length says more than is sent) gets its 408. */
const DEADLINE_MS = 60_000

const send = (
  { url, deadlineMs = DEADLINE_MS }: FuzzOptions,
  { method, target, template, headers, body }: FuzzRequest,
): Promise<Outcome> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    let sent
    try {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const own = { ...length, ...headers, connection: 'close' }
      sent = httpRequest({ hostname, port, method, path: target, headers: own, agent: false })
    } catch {
      // Node's own client refuses to send some of it, such as a header with a line break.
      resolve({ kind: 'unsendable' })
      return
    }
    const timer = setTimeout(() => {
      sent.destroy()
      resolve({ kind: 'hang' })
    }, deadlineMs)
    const settle = (outcome: Outcome): void => {
      clearTimeout(timer)
      resolve(outcome)
    }
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      const finish = (): void => {
        const { statusCode = 0, headers: given } = response
        const answer = { statusCode, headers: given, body: '' }
        settle({ kind: 'answer', answer: unpacked(answer, Buffer.concat(chunks)) })
      }
      if (ENDLESS.has(template) && response.statusCode === 200) {
        finish()
        sent.destroy()
        return
      }
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', finish)
      response.on('error', finish)
    })
    sent.on('error', (error) => settle({ kind: 'broken', message: error.message }))
    sent.end(body)
  })
