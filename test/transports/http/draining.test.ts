// A server that ends tells its clients so before it closes their connections.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import net from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import { tellClientsBeforeClosing } from '../../../src/transports/http/draining.ts'
import { rememberAnswers } from '../../../src/transports/http/take-over.ts'
import { createUpgrades } from '../../../src/transports/http/upgrades.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

const startServer = async (answer: () => Promise<string>, onEnding = (): void => {}) => {
  const app = fastify()
  rememberAnswers(app.server)
  tellClientsBeforeClosing(app)
  app.addHook('preClose', (done) => {
    onEnding()
    done()
  })
  app.get('/', answer)
  const port = Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
  return { app, port }
}

type Client = Readonly<{ answers: string[]; ended: Promise<string | undefined> }>

/** Asks again as soon as it was answered, on one connection, unless it was told that this one closes. */
const busyClient = (port: number): Client => {
  const answers: string[] = []
  const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST))
  socket.setEncoding('latin1').on('data', (text: string) => {
    answers.push(text)
    if (!/connection: close/i.test(text)) socket.write(REQUEST)
  })
  const ended = new Promise<string | undefined>((resolve) => {
    socket.on('error', ({ message }) => resolve(message))
    socket.on('close', () => resolve(undefined))
  })
  return { answers, ended }
}

t.test(
  'what is under way when the server ends is answered, and its connection closes',
  async (t) => {
    let finish: (answer: string) => void = () => {}
    let isAsked: () => void = () => {}
    const asked = new Promise<void>((resolve) => (isAsked = resolve))
    const answer = (): Promise<string> => {
      isAsked()
      return new Promise((resolve) => (finish = resolve))
    }
    const { app, port } = await startServer(answer, () => finish('done'))
    const client = busyClient(port)
    await asked
    await app.close()
    t.equal(await client.ended, undefined)
    t.equal(client.answers.length, 1)
    t.match(client.answers[0], /^HTTP\/1\.1 200 [^]*connection: close[^]*done$/i)
  },
)

t.test('clients that ask all the time lose no request', async (t) => {
  const { app, port } = await startServer(() => Promise.resolve('ok'))
  const clients = Array.from({ length: 8 }, () => busyClient(port))
  while (clients.some(({ answers }) => answers.length < 5)) await new Promise(setImmediate)
  await app.close()
  for (const { answers, ended } of clients) {
    t.equal(await ended, undefined, 'no connection was reset')
    const told = answers.filter((text) => /connection: close/i.test(text))
    t.strictSame(told, answers.slice(-1), 'the last answer, and no other, says that it is the last')
  }
})

t.test('of several requests on one connection every one is answered', async (t) => {
  const finish: (() => void)[] = []
  const answer = (): Promise<string> => new Promise((resolve) => finish.push(() => resolve('done')))
  const { app, port } = await startServer(answer, () => finish.forEach((each) => each()))
  const received: string[] = []
  const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST.repeat(3)))
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.setEncoding('latin1').on('data', (text: string) => received.push(text))
  while (finish.length < 3) await new Promise(setImmediate)
  await app.close()
  await ended
  const answers = received.join('').split('HTTP/1.1 ').slice(1)
  t.strictSame(
    answers.map((text) => /connection: close/i.test(text)),
    [false, false, true],
    'and the last says that it is the last',
  )
})

t.test('where nobody is connected the server ends at once', async (t) => {
  const { app } = await startServer(() => Promise.resolve('ok'))
  await app.inject('/')
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const closed = app.close()
  await new Promise(setImmediate)
  const now = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  t.ok(now <= timers, 'and waits for nothing')
  await closed
})

t.test(
  'a connection that offers another protocol again and again is remembered once',
  async (t) => {
    const { app, port } = await startServer(async () => 'ok')
    t.teardown(() => app.close())
    createUpgrades(app.server)
    const listeners: number[] = []
    app.server.on('request', ({ socket }: IncomingMessage) => {
      listeners.push(socket.listenerCount('close'))
    })
    const socket = net.connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    const offer = REQUEST.replace('\r\n\r\n', '\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    for (let offers = 0; offers < 5; offers += 1) {
      const answered = once(socket, 'data')
      socket.write(offer)
      t.match(String((await answered)[0]), /^HTTP\/1\.1 200/)
    }
    t.equal(listeners.length, 5)
    t.equal(new Set(listeners).size, 1, 'as many listeners as at first')
  },
)
