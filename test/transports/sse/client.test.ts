// The consumer that other suites drive the stream with: it resumes where it was dropped, and counts.
import t from 'tap'
import { TENANT, until, write, writeMany } from '../feed/harness.ts'
import { connect, type ReceivedEvent } from './client.ts'
import { sseHarness } from './harness.ts'

t.test(
  'a client that is dropped goes on from its last cursor, and hears how much it got',
  async (t) => {
    const { url, store } = await sseHarness(t, {
      settings: { heartbeatMs: 20 },
      before: (store) => writeMany(store, 3),
    })
    const asked = { url, token: 't', tenant: TENANT, filter: { types: ['pet.*'] } }
    const first = await connect({ ...asked, after: 'earliest' })
    const got: ReceivedEvent[] = []
    for await (const event of first.events) {
      got.push(event)
      if (got.length === 2) break
    }
    first.drop()
    const second = await connect({ ...asked, after: got[1]?.cursor ?? '' })
    t.teardown(second.close)
    const reading = (async () => {
      for await (const event of second.events) got.push(event)
    })()
    await write(store)
    await until(() => got.length === 4, 'the rest')
    await write(store, { type: 'shelter.updated' })
    await until(() => second.checkpoint()?.delivered === 2, 'the checkpoint')
    t.equal(new Set(got.map(({ id }) => id)).size, 4)
    t.ok(got.every(({ type }) => type === 'pet.updated'))
    second.close()
    await reading
  },
)

t.test(
  'a client that is frozen holds the server back, and costs it no more than a buffer',
  async (t) => {
    const { url, store, feed } = await sseHarness(t, { sse: { maxBufferedBytes: 4_096 } })
    const client = await connect({ url, token: 't', tenant: TENANT })
    t.teardown(client.close)
    const reading = (async () => {
      for await (const _event of client.events);
    })()
    await until(() => feed.stats().live === 1, 'live')
    client.freeze()
    const data = { changes: { description: 'x'.repeat(100_000) } }
    for (let n = 0; feed.stats().catchUp === 0; n += 1) {
      if (n > 500) throw new Error('it was never held back')
      await write(store, { data })
    }
    client.close()
    await reading
    await until(() => feed.stats().connections === 0, 'nothing left')
    t.match(feed.stats(), { live: 0, catchUp: 0 })
  },
)

t.test('a client without a token hears nothing of a tenant', async (t) => {
  const { url } = await sseHarness(t)
  await t.rejects(connect({ url, tenant: TENANT }), /401/)
})
