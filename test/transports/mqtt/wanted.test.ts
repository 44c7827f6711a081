// What is made of topic filters: once for all who want the same topics.
import t from 'tap'
import { topicFilterOf } from '../../../src/transports/mqtt/wanted.ts'
import { TENANT } from './harness.ts'

const wantedOf = (text: string) => {
  const found = topicFilterOf(text)
  if (found.kind !== 'wanted') throw new Error(found.kind)
  return found.wanted
}

t.test('equal filters are one', async (t) => {
  const text = `tenants/${TENANT}/events/#`
  const wanted = wantedOf(text)
  t.equal(wantedOf(text), wanted)
  t.match(wanted, { text, tenantId: TENANT, relative: ['events', '#'], after: undefined })
  t.match(wanted, { isOfStock: false, isRetained: false })
  t.match(wantedOf(`tenants/${TENANT}/#`), { isOfStock: true, isRetained: true })
})

t.test('a cursor in a filter is its own; what its topics are made into is not', async (t) => {
  const wanted = wantedOf('pets/+/status')
  const since = wantedOf('$since/abc/pets/+/status')
  t.match(since, { text: '$since/abc/pets/+/status', after: 'abc', isRetained: true })
  t.equal(since.feedFilter, wanted.feedFilter)
  t.match(wantedOf('pets/+/status'), { text: 'pets/+/status', after: undefined })
})

t.test('a filter that cannot be served is refused each time', async (t) => {
  for (let round = 0; round < 2; round += 1) {
    t.match(topicFilterOf('a#'), { kind: 'invalid' })
    t.match(topicFilterOf('$share/g/pets/#'), { kind: 'shared_subscription' })
    t.match(topicFilterOf('tenants/+/pets/#'), { kind: 'many_tenants' })
  }
})
