// Who answers for an endpoint of the staff class: whoever last said where it goes, as long as there is an account.
import t from 'tap'
import type { Actor } from '../../../src/core/event.ts'
import { tenantIdSchema } from '../../../src/core/ids.ts'
import { noMetrics } from '../../../src/core/metrics.ts'
import type { WebhookConfig } from '../../../src/events/webhook.ts'
import { startReceiver } from '../../support/receiver.ts'
import { write } from '../feed/harness.ts'
import { idsOf, TENANT, until, type WebhookRig, webhookRig } from './harness.ts'

const OTHER = tenantIdSchema.parse('0199f3a0-7c1e-7a01-8000-00000000000b')
const user = (id: string): Actor => ({ kind: 'user', id })
const client = (id: string): Actor => ({ kind: 'client', id })
const said = { reason: null }

/** What is done with endpoints of the rig, by whom. */
const hands = (rig: WebhookRig, url: string) => {
  const by = (actor: Actor) => ({ ...rig.context, actor })
  const status = async (id: string): Promise<string> => {
    const view = await rig.webhooks.get(TENANT, id)
    return `${view?.status ?? 'none'}${view?.reason === null ? '' : `: ${view?.reason ?? ''}`}`
  }
  return {
    by,
    status,
    register: async (actor: Actor, changes: Partial<WebhookConfig> = {}): Promise<string> => {
      const result = await rig.webhooks.register(by(actor), {
        config: {
          ...{ url, events: ['pet.*'], description: null, format: 'cloudevents' },
          ...{ mode: 'parallel', subjects: null, maxInFlight: 8, asymmetric: false },
          ...{ visibility: 'staff', ...changes },
        },
        after: 0,
      })
      if (result.kind !== 'done') throw new Error('it was not registered')
      return result.id
    },
    leave: (id: string, tenantId = TENANT) =>
      write(rig.eventStore, { type: 'user.deleted', id, tenantId }),
    /** In the log, and for who delivers. */
    disabled: (id: string) =>
      until(async () => {
        const row = (await rig.store.endpoints(TENANT)).find((endpoint) => endpoint.id === id)
        return (await status(id)).startsWith('disabled') && row?.isActive === false
      }, `${id} is disabled`),
  }
}

const LEFT = 'disabled: the account of the person who said where this goes was deleted'

void t.test('the account of who last said where it goes takes an endpoint along', async (t) => {
  const rig = await webhookRig(t)
  const { url } = await startReceiver(t)
  const { by, status, register, leave, disabled } = hands(rig, url)
  const { webhooks } = rig
  const paused = async (id: string): Promise<string> => {
    await webhooks.pause(by(user('u2')), id, said)
    return id
  }
  const changed = async (id: string, who: string): Promise<string> => {
    await webhooks.update(by(user(who)), id, { description: who })
    return id
  }
  const resumed = async (id: string, who: string): Promise<string> => {
    await webhooks.resume(by(user(who)), await paused(id), { ...said, after: null })
    return id
  }
  const taken = {
    registered: await register(user('u1')),
    'changed by them': await changed(await register(user('u2')), 'u1'),
    'resumed by them': await resumed(await register(user('u2')), 'u1'),
    'paused by another': await paused(await register(user('u1'))),
  }
  const left = {
    public: await register(user('u1'), { visibility: 'public' }),
    'of an application': await register(client('u1')),
    'of another': await register(user('u2')),
    'changed by another': await changed(await register(user('u1')), 'u2'),
    'resumed by another': await resumed(await register(user('u1')), 'u2'),
  }
  const last = await register(user('u9'))
  const counted: string[] = []
  await rig.start({}, { metrics: { ...noMetrics, count: (name) => void counted.push(name) } })
  await leave('u1', OTHER) // of that name there
  await leave('u9')
  await disabled(last)
  for (const [what, id] of Object.entries({ ...taken, ...left })) {
    t.notMatch(await status(id), 'disabled', `${what}: an account of another tenant is no matter`)
  }
  const again = await register(user('u8'))
  await leave('u1')
  await leave('u8')
  await disabled(again)
  for (const [what, id] of Object.entries(taken)) t.equal(await status(id), LEFT, what)
  for (const [what, id] of Object.entries(left)) t.equal(await status(id), 'active', what)
  const ended = counted.filter((name) => name === 'pawtrail_webhooks_disabled_total')
  t.equal(ended.length, 2 + Object.keys(taken).length, 'each is counted')
})

void t.test('nothing is lost: whoever resumes it answers for it from then on', async (t) => {
  const rig = await webhookRig(t)
  const receiver = await startReceiver(t)
  const { by, register, leave, disabled } = hands(rig, receiver.url)
  const id = await register(user('u1'))
  const first = await rig.pet('p1')
  const before = await rig.start()
  await until(() => receiver.received.length === 1, 'the first')
  await before.settled()
  await before.stop()
  await leave('u1') // while nobody looks
  const handle = await rig.start()
  await disabled(id)
  await handle.settled()
  const missed = await rig.pet('p1')
  await handle.settled()
  t.strictSame(idsOf(receiver.received), [first])
  await rig.webhooks.resume(by(user('u2')), id, { ...said, after: null })
  await until(() => receiver.received.length === 2, 'what was missed')
  t.strictSame(idsOf(receiver.received), [first, missed])
  await leave('u2')
  await disabled(id)
})
