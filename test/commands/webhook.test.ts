// The rules of webhook endpoints, one by one.
import t from 'tap'
import { MAX_LIVE_SECRETS, webhookDecider } from '../../src/commands/webhook.ts'
import type { WebhookConfig, WebhookEvent } from '../../src/events/webhook.ts'
import { TEST_TIME } from '../support/fixed-clock.ts'
import { scenarios } from '../support/given-when-then.ts'

const scenario = scenarios(webhookDecider)
const occurredAt = TEST_TIME
const TOMORROW = '2026-08-23T10:00:00.000Z'
const config: WebhookConfig = {
  url: 'https://hooks.example.org/',
  events: ['pet.*'],
  description: null,
  format: 'cloudevents',
  mode: 'parallel',
  visibility: 'public',
  subjects: null,
  maxInFlight: 8,
  asymmetric: false,
}
const register = { type: 'register', config, keyId: 's1', after: 7, occurredAt } as const
const registered: WebhookEvent = {
  type: 'webhook.registered',
  data: { config, keyId: 's1', after: 7 },
  occurredAt,
}
type Status = 'active' | 'paused' | 'disabled'
const became = (previousStatus: Status, status: Status, after: number | null = null) =>
  ({
    type: 'webhook.status_changed',
    data: { previousStatus, status, reason: 'why', after },
    occurredAt,
  }) as const
const reason = 'why'
const pause = { type: 'pause', reason, occurredAt } as const
const disable = { type: 'disable', reason, occurredAt } as const
const resume = (after: number | null) => ({ type: 'resume', reason, after, occurredAt }) as const
const rotate = (keyId: string, previousExpireAt = TOMORROW) =>
  ({ type: 'rotate_secret', keyId, previousExpireAt, occurredAt }) as const
const rotated = (keyId: string): WebhookEvent => ({
  type: 'webhook.secret_rotated',
  data: { keyId, previousExpireAt: TOMORROW },
  occurredAt,
})
const remove = { type: 'remove', reason, occurredAt } as const
const removed: WebhookEvent = { type: 'webhook.removed', data: { reason }, occurredAt }

void t.test('an endpoint is registered once', async (t) => {
  const { given } = scenario(t)
  given().when(register).then(registered)
  given(registered).when(register).then()
  given(registered)
    .when({ ...register, config: { ...config, events: ['*'] } })
    .thenRejected('webhook_already_registered')
})

void t.test('an update records what differs, and only that', async (t) => {
  const { given } = scenario(t)
  const update = (changes: Partial<WebhookConfig>) =>
    ({ type: 'update', changes, occurredAt }) as const
  given(registered)
    .when(update({ events: ['*'], mode: 'parallel' }))
    .then({ type: 'webhook.updated', data: { changes: { events: ['*'] } }, occurredAt })
  given(registered)
    .when(update({ mode: 'parallel' }))
    .then()
})

void t.test(
  'an endpoint is paused, disabled and resumed; a disabled one is not paused',
  async (t) => {
    const { given } = scenario(t)
    given(registered).when(pause).then(became('active', 'paused'))
    given(registered, became('active', 'paused')).when(pause).then()
    given(registered, became('active', 'paused'))
      .when(resume(null))
      .then(became('paused', 'active'))
    given(registered, became('active', 'disabled'))
      .when(resume(9))
      .then(became('disabled', 'active', 9))
    given(registered).when(resume(9)).then()
    given(registered, became('active', 'paused')).when(disable).then(became('paused', 'disabled'))
    given(registered, became('active', 'disabled'))
      .when(pause)
      .thenRejected('invalid_webhook_transition')
  },
)

void t.test('the secrets before sign on until they expire, and four sign at most', async (t) => {
  const { given } = scenario(t)
  given(registered).when(rotate('s2')).then(rotated('s2'))
  given(registered, rotated('s2')).when(rotate('s2')).then()
  const all = Array.from({ length: MAX_LIVE_SECRETS - 1 }, (_, n) => rotated(`s${n + 2}`))
  given(registered, ...all)
    .when(rotate('s9'))
    .thenRejected('secret_limit_reached')
  const now = { ...rotate('s9', occurredAt) }
  const data = { keyId: 's9', previousExpireAt: occurredAt }
  given(registered, ...all)
    .when(now)
    .then({ type: 'webhook.secret_rotated', data, occurredAt })
  const state = [registered, rotated('s2')].reduce(
    webhookDecider.evolve,
    webhookDecider.initialState,
  )
  t.match(state, {
    secrets: [
      { id: 's1', expiresAt: TOMORROW },
      { id: 's2', expiresAt: null },
    ],
  })
})

void t.test('nothing is done with an endpoint that is removed, or that never was', async (t) => {
  const { given } = scenario(t)
  given(registered).when(remove).then(removed)
  given(registered, removed).when(remove).then()
  for (const command of [register, pause, disable, resume(null), rotate('s2')]) {
    given(registered, removed).when(command).thenRejected('webhook_not_found')
    if (command !== register) given().when(command).thenRejected('webhook_not_found')
  }
})

void t.test('only a new start puts an endpoint somewhere else in the log', async (t) => {
  const { evolve, initialState } = webhookDecider
  const before = evolve(initialState, registered)
  t.match(before, { start: { number: 1, after: 7 } })
  const paused = evolve(before, became('active', 'paused'))
  t.match(evolve(paused, became('paused', 'active')), { start: { number: 1, after: 7 } })
  t.match(evolve(paused, became('paused', 'active', 3)), { start: { number: 2, after: 3 } })
})
