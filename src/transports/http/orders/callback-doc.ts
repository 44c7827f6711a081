// What the published documents say of the callback: of the request, and of what its receiver gets.
import type { JsonObject } from '../../../core/json.ts'
import type { RouteDoc } from '../route-doc.ts'

const text = { type: 'string' }

const message: JsonObject = {
  type: 'object',
  required: ['requestId', 'orderId', 'status', 'timestamp'],
  additionalProperties: false,
  properties: {
    requestId: { type: 'string', format: 'uuid', description: 'The same in every try.' },
    orderId: { type: 'string', format: 'uuid' },
    status: {
      type: 'string',
      enum: ['COMPLETED', 'FAILED'],
      description: 'COMPLETED when amount and currency are those of the order.',
    },
    result: {
      type: 'object',
      required: ['differs'],
      additionalProperties: false,
      properties: {
        differs: { type: 'array', items: { type: 'string', enum: ['amount', 'currency'] } },
      },
      description: 'With FAILED: what is not as in the order.',
    },
    timestamp: { ...text, format: 'date-time', description: 'When the request was taken on.' },
  },
}

export const callbackDoc: RouteDoc = {
  summary: 'Demonstration of a callback',
  description:
    'Compares amount and currency with those of the order and sends the outcome to `callbackUrl`. ' +
    'A demonstration: nothing happens to the order, and it is not durable. What was taken on is ' +
    'in the memory of one process and is lost when that ends; there are at most three tries ' +
    'within some seconds, each of five seconds, and nobody is told when the last one fails. ' +
    'The address must be public: it is refused in the same words whatever is wrong with it. ' +
    'The message is not signed. No token is needed; the tenant is that of `X-Tenant-ID`. ' +
    'There is no Idempotency-Key: each request is a callback of its own, with a `requestId` of its own.',
  security: 'optional',
  problems: [404],
  idempotencyKey: false,
  examples: {
    paid: {
      amount: '75.00',
      currency: 'USD',
      timestamp: '1719763200',
      callbackUrl: 'https://hooks.example.com/orders',
    },
  },
  callbacks: {
    orderOutcome: {
      '{$request.body#/callbackUrl}': {
        post: {
          operationId: 'orderOutcome',
          summary: 'The outcome of a request about an order',
          tags: ['orders'],
          security: [],
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: message,
                examples: {
                  completed: {
                    value: {
                      requestId: '0199f3a0-7c1e-7a01-8000-0000000000a1',
                      orderId: '0199f3a0-7c1e-7a01-8000-0000000000b1',
                      status: 'COMPLETED',
                      timestamp: '2026-08-22T10:00:00.123Z',
                    },
                  },
                  failed: {
                    value: {
                      requestId: '0199f3a0-7c1e-7a01-8000-0000000000a2',
                      orderId: '0199f3a0-7c1e-7a01-8000-0000000000b1',
                      status: 'FAILED',
                      result: { differs: ['amount'] },
                      timestamp: '2026-08-22T10:00:00.123Z',
                    },
                  },
                },
              },
            },
          },
          responses: {
            '200': { description: 'Received. Any other status of the twos is as good.' },
            '4XX': {
              description: 'Tried again, as for any other status; redirects are not followed.',
            },
          },
        },
      },
    },
  },
}
