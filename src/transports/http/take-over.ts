// A connection that has its answer's head and stays open for long leaves HTTP, as one does that is upgraded:
// Node's parser, the request, the answer and what the framework made of them are let go.
import { once } from 'node:events'
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answeredOf } from './observe.ts'

const LATEST = Symbol('the answer that was begun last')
type Answering = Duplex & { [LATEST]?: ServerResponse | undefined }

/** The answer that was begun last on each connection that speaks HTTP is known from then on. */
export const rememberAnswers = (server: Server): void => {
  server.prependListener('request', (request, response) => {
    const socket: Answering = request.socket
    socket[LATEST] = response
  })
}

export const latestAnswerOn = (socket: Answering): ServerResponse | undefined => socket[LATEST]

/** On the socket of what is to be taken over, until it has a listener of its own. */
export function destroyOnError(this: Duplex): void {
  this.destroy()
}

/** What Node has listening on a socket that speaks HTTP, by the names of its functions. */
const LISTENERS = {
  data: 'bound socketOnData',
  end: 'bound socketOnEnd',
  close: 'bound socketOnClose',
  drain: 'bound socketOnDrain',
  error: 'socketOnError',
  timeout: 'socketOnTimeout',
  pause: 'onSocketPause',
  resume: 'onSocketResume',
} as const

type Parser = Readonly<Record<'unconsume' | 'remove' | 'close', () => void>>
type HttpSocket = Socket & { parser?: Partial<Parser> | null }
type Listener = (...given: unknown[]) => void

/**
 * Waits until the answers before this one have left, for ever if the client goes before. False: the connection has
 * gone.
 */
export const hasTurn = async (response: ServerResponse): Promise<boolean> => {
  if (response.socket === null) await once(response, 'socket')
  return response.socket?.destroyed === false
}

/**
 * Of an answer that has its turn, and whose head was sent: from here on its socket is the caller's to write to and to
 * end. An error, the client's end and whatever it still says destroy it. The request counts as answered.
 */
export const takeOver = (request: FastifyRequest, reply: FastifyReply): void => {
  const { socket } = request.raw
  request.routeOptions.config.observe?.(answeredOf(request, reply))
  socket.setTimeout(0)
  socket.on('error', destroyOnError)
  // The parser may be at work at this very moment.
  setImmediate(leaveHttp, socket, reply.raw)
}

/** Where Node has changed, the connection stays with its parser: it costs more, and does the same. */
const leaveHttp = (socket: HttpSocket, response: ServerResponse): void => {
  const { parser } = socket
  const listeners = Object.entries(LISTENERS).flatMap(([event, name]) =>
    socket
      .listeners(event)
      .flatMap((each) => (each.name === name ? [{ event, listener: each as Listener }] : [])),
  )
  if (socket.destroyed || !isParser(parser) || listeners.length < Object.keys(LISTENERS).length)
    return
  response.detachSocket(socket)
  for (const { event, listener } of listeners) socket.removeListener(event, listener)
  parser.unconsume()
  parser.remove()
  parser.close()
  socket.parser = null
  forgetAnswer(socket)
  socket.on('end', destroyOnError)
  socket.on('data', destroyOnError)
}

const forgetAnswer = (socket: Answering): void => {
  socket[LATEST] = undefined
}

const isParser = (parser: Partial<Parser> | null | undefined): parser is Parser =>
  parser?.unconsume !== undefined && parser.remove !== undefined && parser.close !== undefined
