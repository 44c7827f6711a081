// By whom the streams of who has no token are counted.
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { SHARED_TENANT } from '../../../src/core/ids.ts'
import { audienceOf } from '../../../src/transports/sse/request.ts'

t.test('anonymous readers of one IPv6 network have one share of the limits', (t) => {
  const keyOf = (ip: string): string => {
    const caller = { tenantId: SHARED_TENANT, principal: null }
    return audienceOf({ caller, ip } as FastifyRequest).limitKey
  }
  t.equal(keyOf('2001:db8::1'), keyOf('2001:db8:0:0:f::2'))
  t.not(keyOf('2001:db8::1'), keyOf('2001:db8:0:1::1'))
  t.equal(keyOf('::ffff:192.0.2.1'), keyOf('192.0.2.1'))
  t.end()
})
