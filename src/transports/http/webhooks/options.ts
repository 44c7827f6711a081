// What the routes of webhooks need from outside.
import type { Application } from '../../../application.ts'
import type { CursorCodec } from '../../../core/cursor.ts'
import type { EventStore } from '../../../core/event-store.ts'
import type { Outbound } from '../../../core/outbound.ts'
import type { WebhookDeliveries, WebhookStore } from '../../../core/webhooks.ts'

export type WebhookRouteOptions = Readonly<{
  application: Pick<Application, 'webhooks'>
  deliveries: WebhookDeliveries
  webhookStore: Pick<WebhookStore, 'standing' | 'deadLetters'>
  eventStore: Pick<EventStore, 'head'>
  outbound: Pick<Outbound, 'check'>
  cursors: CursorCodec
  settings: Readonly<{ publicUrl: string }> // base of links, without a slash at its end
}>
