// The event of a test: it never happened, and is in no log.
import { SHARED_TENANT } from '../../core/ids.ts'
import type { EndpointFacts } from '../../core/webhooks.ts'

export const TEST_TYPE = 'webhook.test'

export const testBody = (
  { tenantId, id, format }: EndpointFacts,
  { uuid, at }: Readonly<{ uuid: string; at: string }>,
): string => {
  const eventId = `evt_${uuid}`
  const data = { webhookId: id, message: 'This is a test: nothing happened.' }
  if (format === 'petstore') {
    return JSON.stringify({ id: uuid, eventId, eventType: TEST_TYPE, timestamp: at, data })
  }
  return JSON.stringify({
    specversion: '1.0',
    id: eventId,
    source: tenantId === SHARED_TENANT ? '/shared' : `/tenants/${tenantId}`,
    type: TEST_TYPE,
    subject: `webhooks/${id}`,
    time: at,
    datacontenttype: 'application/json',
    data,
  })
}
