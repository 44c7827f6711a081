// The whole behaviour against a model of a few lines: random appends from many callers at once.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AppendOutcome, AppendRequest, EventStore } from '../../../src/core/event-store.ts'
import { newEvents, nextId, petStream, positions, readLog, request, type Case } from './support.ts'

const SEED = 20260822
const RUNS = 12

type Attempt = Readonly<{
  stream: number
  expected: number | 'any'
  count: number
  key: number | null
  hash: string
}>

const attempts: fc.Arbitrary<Attempt[]> = fc.array(
  fc.record({
    stream: fc.nat(3),
    expected: fc.oneof(fc.nat(4), fc.constant('any' as const)),
    count: fc.integer({ min: 1, max: 3 }),
    key: fc.option(fc.nat(4)),
    hash: fc.constantFrom('a', 'b'),
  }),
  { minLength: 1, maxLength: 40 },
)

/** What the log says must agree with what every caller was told, whatever order the store chose. */
const check = async (store: EventStore, run: readonly Attempt[]): Promise<void> => {
  const streams = Array.from({ length: 4 }, () => petStream())
  const keyPrefix = nextId()
  const requests = run.map(({ stream, expected, count, key, hash }): AppendRequest =>
    request({
      stream: streams[stream] ?? petStream(),
      expectedVersion: expected,
      events: newEvents(count),
      ...(key !== null && { idempotency: { key: `${keyPrefix}-${key}`, requestHash: hash } }),
    }),
  )
  const outcomes = await Promise.all(requests.map((each) => store.append(each)))
  const done = requests.map((each, index) => ({ request: each, outcome: outcomes[index] }))
  const kept = new Map<string, Readonly<{ hash: string; outcome: AppendOutcome }>>()
  const versions = new Map<string, number>()
  const inOrder = done
    .flatMap(({ request, outcome }) => (outcome?.kind === 'appended' ? [{ request, outcome }] : []))
    .sort((a, b) => a.outcome.position - b.outcome.position)
  for (const {
    request: { stream, events, expectedVersion, idempotency },
    outcome,
  } of inOrder) {
    const before = versions.get(stream.id) ?? 0
    if (expectedVersion !== 'any') assert.equal(expectedVersion, before)
    assert.equal(outcome.version, before + events.length)
    versions.set(stream.id, outcome.version)
    if (idempotency === undefined) continue
    assert.ok(!kept.has(idempotency.key), 'a key stores once')
    kept.set(idempotency.key, { hash: idempotency.requestHash, outcome })
  }
  for (const {
    request: { stream, expectedVersion, idempotency },
    outcome,
  } of done) {
    const first = idempotency && kept.get(idempotency.key)
    if (outcome?.kind === 'duplicate') {
      assert.equal(first?.hash, idempotency?.requestHash)
      assert.equal(outcome.position, positionOf(first?.outcome))
    }
    if (outcome?.kind === 'key_reused') assert.notEqual(first?.hash, idempotency?.requestHash)
    if (outcome?.kind === 'conflict') {
      assert.notEqual(outcome.actualVersion, expectedVersion)
      assert.equal(outcome.actualVersion <= (versions.get(stream.id) ?? 0), true)
    }
  }
  for (const stream of streams) {
    const slice = await store.readStream(stream)
    assert.equal(slice.version, versions.get(stream.id) ?? 0)
    assert.equal(slice.events.length, slice.version)
  }
}

const positionOf = (outcome: AppendOutcome | undefined): number =>
  outcome !== undefined && 'position' in outcome ? outcome.position : 0

export const modelCases: readonly Case[] = [
  [
    'random appends of many callers at once agree with a simple model',
    async (store) => {
      await fc.assert(
        fc.asyncProperty(attempts, (run) => check(store, run)),
        { seed: SEED, numRuns: RUNS },
      )
      const all = positions(await readLog(store))
      assert.equal(all.length > 0, true)
      assert.deepEqual(
        all,
        [...new Set(all)].sort((a, b) => a - b),
      )
    },
  ],
]
