// Nothing inside our own network can be reached by naming it, neither when it is registered nor when it is called.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Test } from 'tap'
import t from 'tap'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { HARMLESS, HOSTILE, HOSTILE_IN_DEVELOPMENT, NAMES } from './hostile-urls.ts'

const resolve = async (name: string): Promise<readonly string[]> => NAMES[name] ?? []
const guarded = createOutbound({ allowInsecure: false, logger: silentLogger, resolve })
const development = createOutbound({ allowInsecure: true, logger: silentLogger, resolve })
const post = (url: string) => ({
  ...{ url, headers: {}, body: '{}', deadlineMs: 2_000, maxAnswerBytes: 100 },
})

/** Every socket that this process opens as a client from here on. */
const watchSockets = (t: Test): (() => number) => {
  let opened = 0
  const count = (): void => void (opened += 1)
  subscribe('net.client.socket', count)
  t.teardown(() => unsubscribe('net.client.socket', count))
  return () => opened
}

t.test('every hostile address is refused when it is named, and why', async (t) => {
  t.ok(HOSTILE.length >= 60)
  for (const [url, reason] of HOSTILE) {
    t.strictSame(await guarded.check(url), { kind: 'refused', reason }, JSON.stringify(url))
  }
})

t.test('every hostile address is refused when it is called, before any connection', async (t) => {
  const opened = watchSockets(t)
  for (const [url, reason] of HOSTILE) {
    const kind = reason === 'unresolved' ? 'failed' : 'refused'
    t.strictSame(await guarded.post(post(url)), { kind, reason }, JSON.stringify(url))
  }
  t.equal(opened(), 0, 'nobody was connected to')
})

t.test('public addresses pass', async (t) => {
  for (const url of HARMLESS) t.strictSame(await guarded.check(url), { kind: 'allowed' }, url)
})

t.test(
  'development allows the own network, and still no metadata, users or odd ports',
  async (t) => {
    const opened = watchSockets(t)
    for (const [url, reason] of HOSTILE_IN_DEVELOPMENT) {
      t.strictSame(await development.check(url), { kind: 'refused', reason }, url)
      t.strictSame(await development.post(post(url)), { kind: 'refused', reason }, url)
    }
    t.equal(opened(), 0)
    for (const url of ['http://127.0.0.1:3000/', 'http://[::1]:3000/', 'http://10.0.0.1/']) {
      t.strictSame(await development.check(url), { kind: 'allowed' }, url)
    }
  },
)

t.test(
  'a name that was public when it was named is refused when it has moved inside',
  async (t) => {
    const opened = watchSockets(t)
    const answers = [['93.184.215.14'], ['127.0.0.1']]
    let asked = 0
    const outbound = createOutbound({
      allowInsecure: false,
      logger: silentLogger,
      resolve: async () => answers[asked++] ?? ['127.0.0.1'],
    })
    t.strictSame(await outbound.check('https://rebind.example.com/'), { kind: 'allowed' })
    const outcome = await outbound.post(post('https://rebind.example.com/'))
    t.strictSame(outcome, { kind: 'refused', reason: 'address' })
    t.equal(opened(), 0)
  },
)

t.test('a resolver that never answers holds nobody longer than the deadline', async (t) => {
  const outbound = createOutbound({
    allowInsecure: false,
    logger: silentLogger,
    resolve: () => new Promise(() => {}),
  })
  const outcome = await outbound.post({ ...post('https://slow.example.com/'), deadlineMs: 30 })
  t.strictSame(outcome, { kind: 'failed', reason: 'deadline' })
})

t.test('a resolver that fails is a name that is unknown', async (t) => {
  const outbound = createOutbound({
    allowInsecure: false,
    logger: silentLogger,
    resolve: () => Promise.reject(new Error('no server')),
  })
  const verdict = await outbound.check('https://any.example.com/')
  t.strictSame(verdict, { kind: 'refused', reason: 'unresolved' })
})

t.test('more who ask at once than the limit are told that it is too much', async (t) => {
  let release: (addresses: readonly string[]) => void = () => {}
  const slow = new Promise<readonly string[]>((settle) => (release = settle))
  const outbound = createOutbound({
    allowInsecure: false,
    logger: silentLogger,
    resolve: () => slow,
  })
  const url = 'https://public.example.com/'
  const asking = Array.from({ length: 100 }, () => outbound.check(url))
  await t.rejects(outbound.check(url), { code: 'overloaded' })
  release(['93.184.215.14'])
  t.strictSame(await Promise.all(asking), Array(100).fill({ kind: 'allowed' }))
  t.strictSame(await outbound.check(url), { kind: 'allowed' }, 'and then there is room again')
})

t.test('that the guard is open is said loudly', (t) => {
  const said: string[] = []
  const logger = { ...silentLogger, warn: (_: object, message: string) => void said.push(message) }
  createOutbound({ allowInsecure: false, logger })
  t.strictSame(said, [])
  createOutbound({ allowInsecure: true, logger })
  t.match(said, [/WEBHOOKS_ALLOW_INSECURE is true/])
  t.end()
})
