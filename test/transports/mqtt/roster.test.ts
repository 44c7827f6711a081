// Seats: so many in all, of a tenant and of a principal, and one for each session.
import t from 'tap'
import { MQTT_LIMITS } from '../../../src/transports/mqtt/limits.ts'
import { createRoster, type Seats } from '../../../src/transports/mqtt/roster.ts'
import { OTHER_TENANT, TENANT } from './harness.ts'

type Guest = { clientId: string; seats: Seats<Guest> | undefined }

const rosterOf = (limits: Partial<typeof MQTT_LIMITS>) => {
  const roster = createRoster<Guest>({ ...MQTT_LIMITS, ...limits })
  return {
    ...roster,
    seat(clientId: string, principal = 'user:ada', tenantId = TENANT) {
      const guest: Guest = { clientId: '', seats: undefined }
      const taken = roster.take(guest, {
        key: { tenantId, principal, clientId },
        isAnonymous: principal.startsWith('address:'),
      })
      const isSeated = typeof taken !== 'string'
      return { guest, isSeated, former: isSeated ? taken.former : undefined, taken }
    },
  }
}

t.test('each limit holds, and a seat that was left is free', async (t) => {
  const all = { connections: 3, connectionsPerTenant: 3, connectionsPerPrincipal: 3 }
  const cases = [
    ['total_limit', { ...all, connections: 2 }, [TENANT, 'user:a'], [OTHER_TENANT, 'user:b']],
    ['tenant_limit', { ...all, connectionsPerTenant: 2 }, [TENANT, 'user:a'], [TENANT, 'user:b']],
    [
      'principal_limit',
      { ...all, connectionsPerPrincipal: 2 },
      [TENANT, 'user:a'],
      [TENANT, 'user:a'],
    ],
    [
      'principal_limit',
      { ...all, connectionsPerAddress: 2 },
      [TENANT, 'address:a'],
      [TENANT, 'address:a'],
    ],
  ] as const
  for (const [reason, limits, [tenantId, principal], [otherTenantId, other]] of cases) {
    const { seat, leave } = rosterOf(limits)
    const first = seat('1', principal, tenantId)
    t.ok(first.isSeated)
    t.ok(seat('2', other, otherTenantId).isSeated)
    t.equal(seat('3', principal, tenantId).taken, reason, JSON.stringify(limits))
    leave(first.guest)
    leave(first.guest)
    t.ok(seat('3', principal, tenantId).isSeated, 'the seat was left once')
    t.notOk(seat('4', principal, tenantId).isSeated)
  }
})

t.test('who takes over a session takes over its seat, from the one that had it last', async (t) => {
  const { seat, leave } = rosterOf({ connectionsPerPrincipal: 1 })
  const first = seat('a')
  t.equal(first.former, undefined)
  t.notOk(seat('b').isSeated)
  const second = seat('a')
  t.equal(second.former, first.guest)
  leave(first.guest)
  t.equal(seat('a').former, second.guest)
  t.equal(seat('a', 'user:grace').former, undefined, 'of another principal it is another session')
  t.equal(seat('a', 'user:ada', OTHER_TENANT).former, undefined)
})
