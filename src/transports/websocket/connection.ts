// What a client may say on a connection of the sub-protocol `pawtrail.events.v1`, and when it is over.
// Deadlines are looked at by `watch`, which the server calls for all connections, so that a connection
// has no timer of its own.
import { ProblemError } from '../http/problem.ts'
import { close, endAll, grant, open } from './channels.ts'
import type { Client, Speech } from './client.ts'
import { authenticate, watchToken } from './entrance.ts'
import { give, refuse, send } from './line.ts'
import { type ClientMessage, CLOSE } from './protocol.ts'
import { ping } from './pulse.ts'
import { readMessage } from './read-message.ts'

export const TALK: Speech = {
  isBare: false,
  hear(client, data, isBinary) {
    if (client.isEnded) return
    const { bounds } = client.house.common
    client.messages += 1
    if (isBinary) return give(client, binary(), CLOSE.malformed)
    if (client.messages > bounds.messagesPerWindow) return give(client, tooFast(), CLOSE.limit)
    const text = (data as Buffer).toString() // ws gives one Buffer unless told otherwise
    const { queued = [] } = client
    if (!client.isBusy && queued.length === 0) return take(client, text)
    if (queued.length >= bounds.queuedMessages) return give(client, tooFast(), CLOSE.limit)
    queued.push(text)
    client.queued = queued
  },
  end: endAll,
  watch(client) {
    const { bounds } = client.house.common
    client.ageMs += bounds.sweepMs
    client.windowMs += bounds.sweepMs
    if (client.windowMs >= bounds.windowMs) {
      client.windowMs = 0
      client.messages = 0
    }
    if (client.audience === undefined && client.ageMs >= bounds.authTimeoutMs) {
      return give(client, tooLate(), CLOSE.tooSlow)
    }
    watchToken(client)
    ping(client)
  },
}

const take = (client: Client, text: string): void => {
  const read = readMessage(text)
  if (read.kind !== 'message') {
    if (read.kind === 'invalid') refuse(client, read.refused)
    else give(client, read.refused.problem, CLOSE.malformed)
    return
  }
  const acting = act(client, read.message)
  if (acting !== undefined) void wait(client, acting)
}

/** A promise: nothing else is done before it is settled. */
const act = (client: Client, message: ClientMessage): Promise<void> | void => {
  if (message.op === 'auth') return authenticate(client, message)
  const { audience } = client
  if (audience === undefined) return give(client, authFirst(), CLOSE.malformed)
  switch (message.op) {
    case 'sub':
      return open(client, message, audience)
    case 'unsub':
      return close(client, message.id)
    case 'credit':
      return grant(client, message.ch, message.n)
    case 'ping':
      return send(client, { op: 'pong', ts: message.ts })
  }
}

const wait = async (client: Client, acting: Promise<void>): Promise<void> => {
  client.isBusy = true
  client.ws.pause()
  await acting
  client.isBusy = false
  client.ws.resume()
  const { queued } = client
  if (queued === undefined) return
  while (queued.length > 0 && !isStopped(client)) take(client, queued.shift() ?? '')
  if (queued.length === 0) client.queued = undefined
}

const isStopped = ({ isBusy, isEnded }: Client): boolean => isBusy || isEnded

const authFirst = () => new ProblemError('unauthorized', 'The first message must be auth.')
const tooLate = () => new ProblemError('request-timeout', 'No auth message came in time.')
const tooFast = () => new ProblemError('rate-limit-exceeded', 'Too many messages.')
const binary = () => new ProblemError('bad-request', 'Messages are text.')
