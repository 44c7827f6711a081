// What is remembered of URLs costs bounded memory: so many of them, and none that is long.
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { createUrlMemo } from '../../../src/transports/http/url-memo.ts'

const requestOf = (url: string) =>
  ({ raw: { url }, routeOptions: { config: {} } }) as unknown as FastifyRequest

t.test('a long way to ask a question is not remembered', (t) => {
  const memo = createUrlMemo()
  const long = `/v1/pets?${'&'.repeat(15_000)}`
  for (const url of ['/v1/pets', `/v1/pets?q=${'x'.repeat(500)}`, long]) {
    memo.remember(requestOf(url), { key: 'k' })
  }
  t.equal(memo.find('/v1/pets')?.key, 'k')
  t.ok(memo.find(`/v1/pets?q=${'x'.repeat(500)}`), 'nobody asks for more than that by hand')
  t.equal(memo.find(long), undefined)
  t.end()
})

t.test('what only staff may ask is not remembered', (t) => {
  const memo = createUrlMemo()
  memo.remember(requestOf('/v1/pets'), { key: 'k', needsStaff: true })
  t.equal(memo.find('/v1/pets'), undefined)
  t.end()
})

t.test('beyond so many URLs it begins anew', (t) => {
  const memo = createUrlMemo()
  for (let n = 0; n <= 20_000; n += 1) memo.remember(requestOf(`/v1/pets?page=${n}`), { key: 'k' })
  t.equal(memo.find('/v1/pets?page=0'), undefined)
  t.ok(memo.find('/v1/pets?page=20000'))
  t.end()
})
