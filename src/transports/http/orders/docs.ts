// What the published documents say of the routes of orders.
import type { RouteDoc } from '../route-doc.ts'

const READ = ['read:orders'] as const
const WRITE = ['write:orders'] as const
const STAFF = ['write:orders', 'write:pets'] as const

const pet = '0199f3a0-7c1e-7a01-8000-0000000000e1'
const buyer = '0199f3a0-7c1e-7a01-8000-0000000000f1'
const amount = { amount: '75.00', currency: 'USD' } as const

const step = (summary: string, description: string): RouteDoc => ({
  summary,
  description,
  security: STAFF,
  problems: [409, 412],
  headers: ['ETag'],
  examples: { why: { reason: 'Paid in cash at the shelter' } },
})

export const orderDocs = {
  list: {
    summary: 'List orders, newest first',
    description:
      'Staff see all orders and may filter by `userId`; everybody else sees his own. ' +
      "`include=payments` adds each order's payments; `cursor=` (empty at first) pages without " +
      'gaps.',
    security: READ,
    headers: ['ETag', 'Event-Cursor', 'Link'],
  },
  place: {
    summary: 'Order a pet',
    description:
      'Reserves the pet: of many who order it at once exactly one does, the others are told ' +
      '`pet_not_available`. The price is what the pet costs at that moment. `userId` may be left ' +
      'out by the buyer; staff name somebody else with it.',
    security: WRITE,
    problems: [404, 409],
    headers: ['ETag'],
    examples: {
      direct: { petId: pet, userId: buyer },
      items: { items: [{ petId: pet, quantity: 1 }] },
    },
  },
  get: {
    summary: 'One order',
    security: READ,
    headers: ['ETag', 'Event-Cursor'],
  },
  cancel: {
    summary: 'Cancel an order',
    description:
      'While it is PLACED or APPROVED and no payment is being processed. The order stays, as ' +
      'CANCELLED; its pet is given free and what was paid is given back.',
    security: WRITE,
    problems: [409, 412],
  },
  approve: step('Approve an order by hand', 'A payment that succeeds approves its order itself.'),
  ship: step('An order is on its way', 'From APPROVED.'),
  deliver: step('An order has arrived', 'From SHIPPED. Its pet becomes ADOPTED.'),
  pay: {
    summary: 'Pay for an order',
    description:
      'Amount and currency are those of the order. SUCCEEDED: the order is approved. FAILED: ' +
      'another payment may be tried. PROCESSING: the provider has not said yet. `include=outcome` ' +
      'adds why a payment failed, and the receipt of one that succeeded.',
    security: WRITE,
    problems: [404, 409, 412],
    headers: ['ETag'],
    examples: {
      card: {
        ...amount,
        source: {
          object: 'card',
          name: 'Ada Byron',
          number: '4242424242424242',
          cvc: '123',
          expMonth: 12,
          expYear: 2030,
          billingAddress: { line1: '1 Main St', city: 'Portland', state: 'ME', country: 'US' },
        },
      },
      bank: {
        ...amount,
        source: {
          object: 'bank_account',
          accountHolderName: 'Ada Byron',
          accountNumber: '000123456789',
          routingNumber: '110000000',
          accountType: 'CHECKING',
        },
      },
      sortCode: {
        ...amount,
        source: {
          object: 'bankAccount',
          name: 'Ada Byron',
          number: '00012345',
          sortCode: '000123',
          accountType: 'individual',
          country: 'gb',
        },
      },
    },
  },
  receipt: {
    summary: 'The receipt of a payment',
    security: READ,
    headers: ['ETag', 'Event-Cursor'],
  },
} as const satisfies Readonly<Record<string, RouteDoc>>
