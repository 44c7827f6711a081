// The topic tree: every event has its topics, and none that says a status is overlooked.
import t from 'tap'
import { aggregates } from '../../../src/events/registry.ts'
import { levelsOf, matchesTopic } from '../../../src/transports/mqtt/topic-filter.ts'
import {
  feedFilterOf,
  parseWanted,
  STATUS_EVENTS,
  topicsOf,
  wantsStock,
} from '../../../src/transports/mqtt/topics.ts'

t.test(
  'every event of a pet, an order or an adoption that says a status is told as one',
  async (t) => {
    for (const { collection, events } of aggregates) {
      if (!['pets', 'orders', 'adoptions'].includes(collection)) continue
      for (const { type, sample } of events) {
        if ('status' in (sample as object)) t.ok(STATUS_EVENTS.has(type), type)
      }
    }
  },
)

t.test('payments have a topic of their own', async (t) => {
  const topics = topicsOf('payment.succeeded', 'orders/o1').map(({ levels }) => levels.join('/'))
  t.strictSame(topics, ['orders/o1/payment', 'events/orders/o1/payment.succeeded'])
})

const FILTERS = [
  '#',
  '+/#',
  'pets/#',
  'pets/+/status',
  'pets/p1/availability',
  'events/#',
  'events/pets/p1/#',
  'events/+/o1/+',
  'events/+/+/pet.adopted',
  'orders/o1/payment',
  '+/o1/status',
  'shelters/#',
]

t.test('the feed is asked for exactly the events that have a matching topic', async (t) => {
  for (const text of FILTERS) {
    const filter = levelsOf(text)
    const { matches, keys } = feedFilterOf(filter)
    for (const { collection, events } of aggregates) {
      for (const id of ['p1', 'o1']) {
        for (const { type } of events) {
          const subject = `${collection}/${id}`
          const wanted = topicsOf(type, subject).some(({ levels }) => matchesTopic(filter, levels))
          t.equal(matches(type, subject), wanted, `${text} ${type} ${subject}`)
          if (!wanted || keys.by !== 'subject') continue
          const isFiled = keys.exact.includes(subject) || keys.prefixes.includes(collection)
          t.ok(isFiled, `${text} is filed under ${subject}`)
        }
      }
    }
  }
})

t.test('a filter belongs to one tenant, or to none', async (t) => {
  const tenant = '0199f3a0-7c1e-7a01-8000-00000000000a'
  t.match(parseWanted(`tenants/${tenant}/pets/#`), {
    wanted: { tenantId: tenant, relative: ['pets', '#'], after: undefined },
  })
  t.match(parseWanted(`$since/abc/tenants/${tenant}/#`), {
    wanted: { tenantId: tenant, relative: ['#'], after: 'abc' },
  })
  t.match(parseWanted('pets/+/status'), { wanted: { tenantId: 'shared' } })
  for (const text of ['tenants/#', 'tenants/+/pets/#', 'tenants', 'tenants/shared/pets/#']) {
    t.match(parseWanted(text), { kind: 'many_tenants' }, text)
  }
  t.match(parseWanted(`tenants/${tenant.toUpperCase()}/#`), { kind: 'many_tenants' })
  t.match(parseWanted('$share/group/pets/#'), { kind: 'shared_subscription' })
  for (const text of ['$since/abc', '$since', 'a#']) t.match(parseWanted(text), { kind: 'invalid' })
})

t.test('stock is wanted by filters that reach it', async (t) => {
  const reaches = [
    '#',
    'inventory/#',
    'inventory/+/stock',
    'inventory/DOG/stock',
    '+/+/stock',
    'inventory/DOG/#',
  ]
  for (const text of reaches) t.ok(wantsStock(levelsOf(text)), text)
  for (const text of ['inventory', 'pets/#', 'inventory/DOG', 'inventory/+/other']) {
    t.notOk(wantsStock(levelsOf(text)), text)
  }
})
