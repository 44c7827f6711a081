// Deliveries over real sockets: what arrives, in which order, signed how, and what becomes of what does not arrive.
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createOutbound } from '../../../src/adapters/outbound/outbound.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { type Metrics, noMetrics } from '../../../src/core/metrics.ts'
import { selfSigned } from '../../support/certificate.ts'
import { type Received, startReceiver } from '../../support/receiver.ts'
import { RETRY_GAPS_MS } from '../../../src/transports/webhooks/schedule.ts'
import { idsOf, TENANT, until, webhookRig } from './harness.ts'

const HOUR_MS = 3_600_000
type Cloud = { id: string; type: string; subject: string; sequence: string; data: object }
const cloud = ({ body }: Readonly<{ body: string }>): Cloud => JSON.parse(body) as Cloud

const NOTHING: Pick<Received, 'headers' | 'body'> = { headers: {}, body: '' }

void t.test('every event arrives, each stream in its order, signed by both headers', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t)
  const { secret } = await rig.register({ url: receiver.url, events: ['pet.*'] })
  const written: number[] = []
  for (let n = 0; n < 40; n += 1) written.push(await rig.pet(`p${n % 5}`))
  await rig.start()
  await until(() => receiver.received.length >= 40, 'forty events')
  t.strictSame(
    [...idsOf(receiver.received)].sort((a, b) => a - b),
    written,
  )
  const bySubject = new Map<string, number[]>()
  for (const each of receiver.received) {
    const { subject, sequence } = cloud(each)
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), Number(sequence)])
  }
  for (const [subject, seen] of bySubject) {
    t.strictSame(
      seen,
      [...seen].sort((a, b) => a - b),
      subject,
    )
  }
  const { headers, body } = receiver.received[0] ?? NOTHING
  t.match(headers['content-type'], 'application/cloudevents+json')
  t.equal(headers['webhook-id'], cloud({ body }).id)
  t.equal(headers['webhook-attempt'], '1')
  const keyed = createHmac('sha256', secret).update(body).digest('hex')
  t.equal(headers['x-webhook-signature'], `sha256=${keyed}`)
  // The clock of the rig stands in another year, which a verifier would refuse.
  const at = new Date(Number(headers['webhook-timestamp']) * 1_000)
  const id = String(headers['webhook-id'])
  t.equal(headers['webhook-signature'], new Webhook(secret).sign(id, at, body))
  // What comes later arrives too, without anybody asking.
  const last = await rig.pet('p9')
  await until(() => idsOf(receiver.received).includes(last), 'the event after')
})

void t.test('hidden events and other types stay away', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t)
  const staff = await startReceiver(t)
  await rig.register({ url: receiver.url, events: ['*'] })
  await rig.register({ url: staff.url, events: ['orderStatusChanged'], visibility: 'staff' })
  await rig.pet('p1', 'pet.status_changed')
  await rig.pet('o1', 'order.status_changed')
  await rig.pet('p1', 'pet.status_changed')
  await rig.start()
  await until(() => receiver.received.length === 2 && staff.received.length === 1, 'three')
  t.strictSame(
    receiver.received.map((each) => cloud(each).type),
    Array(2).fill('pet.status_changed'),
  )
  t.notMatch(JSON.stringify(receiver.received), '"reason"', 'the public form')
  t.equal(cloud(staff.received[0] ?? { body: '{}' }).type, 'order.status_changed')
})

void t.test(
  'an event that fails holds up its own stream and no other, until it arrives',
  async (t) => {
    const rig = await webhookRig(t)
    let isDown = true
    const receiver = await startReceiver(t, {
      answer: (response, { body }) => {
        response.statusCode = isDown && body.includes('pets/bad') ? 500 : 204
        response.end()
      },
    })
    const { id } = await rig.register({ url: receiver.url })
    const bad = [await rig.pet('bad'), await rig.pet('bad'), await rig.pet('bad')]
    const good = [await rig.pet('g1'), await rig.pet('g2')]
    const handle = await rig.start()
    await until(() => good.every((n) => idsOf(receiver.received).includes(n)), 'the others')
    await handle.settled()
    t.strictSame(
      idsOf(receiver.received).filter((n) => bad.includes(n)),
      [bad[0]],
    )
    isDown = false
    rig.clock.advance(5_000)
    await handle.settled()
    await until(() => idsOf(receiver.received).includes(bad[2] ?? 0), 'the stream that waited')
    await handle.settled()
    t.strictSame(
      idsOf(receiver.received).filter((n) => bad.includes(n)),
      [bad[0], ...bad],
    )
    t.equal(receiver.received.at(-3)?.headers['webhook-attempt'], '2')
    const standing = await rig.store.standing(TENANT, id)
    t.equal(standing?.blocked, 0)
  },
)

void t.test(
  'retries keep to the schedule; then the event is a dead letter and its stream goes on',
  async (t) => {
    const rig = await webhookRig(t)
    const receiver = await startReceiver(t, {
      answer: (response) => response.writeHead(500).end('no '.repeat(4_000)),
    })
    const { id } = await rig.register({ url: receiver.url })
    const first = await rig.pet('p1')
    const handle = await rig.start()
    await until(() => receiver.received.length === 1, 'the first attempt')
    for (const [index, gapMs] of RETRY_GAPS_MS.entries()) {
      await handle.settled()
      rig.clock.advance(gapMs - 1)
      await handle.settled()
      t.equal(receiver.received.length, index + 1, 'not before its time')
      rig.clock.advance(1)
      await handle.settled()
      await until(() => receiver.received.length === index + 2, `attempt ${index + 2}`)
    }
    await handle.settled()
    const letters = await rig.store.deadLetters(TENANT, id, 10)
    t.strictSame(
      letters.map(({ position, attempts }) => [position, attempts]),
      [[first, 12]],
    )
    t.match(letters[0]?.cause, '500')
    const log = await rig.store.attempts(TENANT, id, { before: undefined, limit: 100 })
    t.equal(log.length, 12)
    t.strictSame([log[0]?.outcome, log[0]?.status, log[0]?.answer.length], ['dead', 500, 4_096])
  },
)

void t.test('a receiver that asks for time gets it', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t, {
    answer: (response) => response.writeHead(429, { 'retry-after': '3600' }).end(),
  })
  await rig.register({ url: receiver.url })
  await rig.pet('p1')
  await rig.pet('p2')
  const handle = await rig.start({ inFlight: 1 })
  await until(() => receiver.received.length === 1, 'the first attempt')
  await handle.settled()
  rig.clock.advance(HOUR_MS - 1_000)
  await handle.settled()
  t.equal(receiver.received.length, 1)
  rig.clock.advance(1_000)
  await handle.settled()
  await until(() => receiver.received.length === 2, 'after an hour')
})

void t.test(
  'a receiver that is gone disables its endpoint, and nothing is lost by it',
  async (t) => {
    const rig = await webhookRig(t)
    let status = 410
    const receiver = await startReceiver(t, {
      answer: (response) => response.writeHead(status).end(),
    })
    const { id } = await rig.register({ url: receiver.url, mode: 'strict' })
    const written = [await rig.pet('p1'), await rig.pet('p2')]
    const handle = await rig.start()
    await until(async () => (await rig.webhooks.get(TENANT, id))?.status === 'disabled', 'disabled')
    await handle.settled()
    t.equal(receiver.received.length, 1)
    status = 204
    await rig.webhooks.resume(rig.context, id, { reason: null, after: null })
    await until(() => receiver.received.length === 3, 'both after all')
    t.strictSame(idsOf(receiver.received).slice(1), written)
  },
)

void t.test(
  'a redirect is not followed, a hanging and a dripping answer are cut off',
  async (t) => {
    const rig = await webhookRig(t)
    const elsewhere = await startReceiver(t)
    const drips = new Set<NodeJS.Timeout>()
    t.teardown(() => drips.forEach((drip) => clearInterval(drip)))
    const receiver = await startReceiver(t, {
      answer: (response, { body }) => {
        if (body.includes('pets/redirect'))
          response.writeHead(302, { location: elsewhere.url }).end()
        else if (body.includes('pets/drip')) {
          response.writeHead(200)
          drips.add(setInterval(() => response.write('x'), 20))
        }
      },
    })
    const { id } = await rig.register({ url: receiver.url })
    for (const name of ['redirect', 'hang', 'drip']) await rig.pet(name)
    const handle = await rig.start({ deadlineMs: 300 })
    await until(
      async () =>
        (await rig.store.attempts(TENANT, id, { before: undefined, limit: 9 })).length === 3,
      'three',
    )
    await handle.settled()
    const log = await rig.store.attempts(TENANT, id, { before: undefined, limit: 9 })
    const told = Object.fromEntries(
      log.map(({ subject, outcome, detail }) => [subject, [outcome, detail]]),
    )
    t.strictSame(told['pets/redirect'], ['failed', 'the receiver answered 302'])
    t.strictSame(told['pets/hang'], ['failed', 'no answer in time'])
    t.strictSame(told['pets/drip'], ['delivered', ''], 'its status had come')
    t.equal(elsewhere.received.length, 0)
  },
)

void t.test('an attempt over TLS tells what each part of it took', async (t) => {
  const rig = await webhookRig(t)
  const tls = selfSigned('hooks.example.com', Date.now())
  const receiver = await startReceiver(t, { tls })
  const { id } = await rig.register({ url: `https://hooks.example.com:${receiver.port}/` })
  await rig.pet('p1')
  await rig.pet('p1')
  const outbound = createOutbound({
    ...{ allowInsecure: true, logger: silentLogger, ca: [tls.cert] },
    resolve: async () => ['127.0.0.1'],
  })
  const handle = await rig.start({}, { outbound })
  await until(() => receiver.received.length === 2, 'both events')
  await handle.settled()
  const [second, first] = await rig.store.attempts(TENANT, id, { before: undefined, limit: 10 })
  const told = (times: object | undefined): readonly string[] => Object.keys(times ?? {}).sort()
  const all = ['connectMs', 'dnsMs', 'firstByteMs', 'tlsMs', 'totalMs']
  t.strictSame(told(first?.times), all)
  t.strictSame(told(second?.times), ['firstByteMs', 'totalMs'], 'the connection was there')
  t.ok(Object.values(first?.times ?? {}).every((ms) => ms >= 0))
  t.equal(first?.durationMs, first?.times.totalMs)
})

void t.test('a test call is counted as any other', async (t) => {
  const rig = await webhookRig(t)
  const { url } = await startReceiver(t)
  const { id } = await rig.register({ url })
  const counted: unknown[] = []
  const count: Metrics['count'] = (name, by, labels) => void counted.push([name, by, labels])
  const { engine } = await rig.start({}, { metrics: { ...noMetrics, count } })
  t.match(await engine.test(TENANT, id), { isDelivered: true })
  t.strictSame(counted, [['pawtrail_webhook_attempts_total', 1, { outcome: 'delivered' }]])
})
