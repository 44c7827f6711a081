// What every keeper of checkpoints promises: one suite for every adapter. A case gets an empty one.
import assert from 'node:assert/strict'
import type { Test } from 'tap'
import {
  type CheckpointLease,
  type Checkpoints,
  MAX_PARK_REASON,
  type SetAside,
} from '../../src/core/checkpoints.ts'
import { SHARED_TENANT, tenantIdSchema } from '../../src/core/ids.ts'

/** `silence`: lets so much time pass that an owner is silent for longer than SHORT_MS. */
export type CheckpointsRig = Readonly<{ checkpoints: Checkpoints; silence: () => Promise<void> }>

/** Rejects when the promise in its title is broken. */
export type CheckpointsCase = readonly [title: string, run: (rig: CheckpointsRig) => Promise<void>]

export const SHORT_MS = 20

export const checkpointsContract = async (
  t: Test,
  make: (t: Test) => Promise<CheckpointsRig>,
): Promise<void> => {
  for (const [title, run] of checkpointsCases) {
    await t.test(title, async (t) => {
      await t.resolves(run(await make(t)), 'every assertion of the case holds')
    })
  }
}

const LONG_MS = 600_000
const OTHER_TENANT = tenantIdSchema.parse('0191f3c0-0000-7000-8000-000000000001')

const ask = (owner: string, leaseMs = LONG_MS, subscription = 'policy') => ({
  subscription,
  owner,
  leaseMs,
})

const take = async (
  { checkpoints }: CheckpointsRig,
  request: ReturnType<typeof ask>,
): Promise<CheckpointLease> => {
  const lease = await checkpoints.acquire(request)
  if (lease === undefined) assert.fail(`${request.owner} did not get the lease`)
  return lease
}

const aside = (part: Partial<SetAside> = {}): SetAside => ({
  tenantId: SHARED_TENANT,
  category: 'order',
  streamId: 'o-1',
  position: 7,
  error: 'broken',
  ...part,
})

const fenced = (work: Promise<unknown>): Promise<void> => assert.rejects(work, { code: 'fenced' })

/** A lease of an owner that was silent, and the lease of the one that replaced it. */
const replaced = async (rig: CheckpointsRig) => {
  const former = await take(rig, ask('a'))
  await rig.silence()
  return { former, present: await take(rig, ask('b', SHORT_MS)) }
}

const leaseCases: readonly CheckpointsCase[] = [
  [
    'a subscription that nobody ever held begins before the first event',
    async (rig) => assert.equal((await take(rig, ask('a'))).position, 0),
  ],
  [
    'a lease that is held is given to nobody else, and to its owner again under a new fence',
    async (rig) => {
      const first = await take(rig, ask('a'))
      assert.equal(await rig.checkpoints.acquire(ask('b')), undefined)
      assert.ok((await take(rig, ask('a'))).fence > first.fence)
      await fenced(rig.checkpoints.renew(first))
    },
  ],
  [
    'of many owners who ask at once exactly one gets the lease',
    async ({ checkpoints }) => {
      const owners = Array.from({ length: 8 }, (_, index) => `owner-${index}`)
      const leases = await Promise.all(owners.map((owner) => checkpoints.acquire(ask(owner))))
      assert.equal(leases.filter((lease) => lease !== undefined).length, 1)
    },
  ],
  [
    'a lease that was given back is free at once, at the position that was reached',
    async (rig) => {
      const lease = await take(rig, ask('a'))
      await rig.checkpoints.advance(lease, 12)
      await rig.checkpoints.release(lease)
      assert.equal((await take(rig, ask('b'))).position, 12)
    },
  ],
  [
    'an owner that was silent for too long is replaced, and one that gave a sign of life is not',
    async (rig) => {
      const lease = await take(rig, ask('a'))
      await rig.silence()
      assert.equal(await rig.checkpoints.acquire(ask('b')), undefined, 'b is more patient')
      await rig.checkpoints.renew(lease)
      assert.equal(await rig.checkpoints.acquire(ask('b', LONG_MS)), undefined)
      await rig.silence()
      assert.ok(await rig.checkpoints.acquire(ask('b', SHORT_MS)))
    },
  ],
  [
    'whoever was replaced changes nothing: neither position nor parked streams nor the lease',
    async (rig) => {
      const { checkpoints } = rig
      const { former, present } = await replaced(rig)
      await checkpoints.advance(present, 5)
      await checkpoints.park(present, aside())
      await fenced(checkpoints.renew(former))
      await fenced(checkpoints.advance(former, 9))
      await fenced(checkpoints.park(former, aside({ position: 1 })))
      await fenced(checkpoints.unpark(former, aside()))
      await checkpoints.release(former)
      assert.equal(await checkpoints.acquire(ask('c')), undefined, 'b still has it')
      assert.deepEqual(await checkpoints.parked('policy'), [{ ...aside(), attempts: 1 }])
      await checkpoints.release(present)
      assert.equal((await take(rig, ask('c'))).position, 5)
    },
  ],
  [
    'a position never moves back',
    async (rig) => {
      const lease = await take(rig, ask('a'))
      await rig.checkpoints.advance(lease, 9)
      await rig.checkpoints.advance(lease, 4)
      assert.equal((await take(rig, ask('a'))).position, 9)
    },
  ],
  [
    'two subscriptions know nothing of each other',
    async (rig) => {
      const { checkpoints } = rig
      const one = await take(rig, ask('a', LONG_MS, 'one'))
      const two = await take(rig, ask('b', LONG_MS, 'two'))
      await checkpoints.advance(one, 3)
      await checkpoints.park(one, aside())
      assert.equal((await checkpoints.parked('one')).length, 1)
      assert.deepEqual(await checkpoints.parked('two'), [])
      await checkpoints.release(two)
      assert.equal((await take(rig, ask('c', LONG_MS, 'two'))).position, 0)
    },
  ],
]

const parkingCases: readonly CheckpointsCase[] = [
  [
    'parked streams outlive their owner and are listed by position',
    async (rig) => {
      const { checkpoints } = rig
      const lease = await take(rig, ask('a'))
      const late = aside({ streamId: 'o-2', position: 9 })
      const early = aside({ tenantId: OTHER_TENANT, position: 3 })
      for (const stream of [late, aside(), early]) await checkpoints.park(lease, stream)
      await checkpoints.release(lease)
      assert.deepEqual(
        await checkpoints.parked('policy'),
        [early, aside(), late].map((stream) => ({ ...stream, attempts: 1 })),
      )
    },
  ],
  [
    'a stream that is parked again counts one more attempt, and shows the newest place and error',
    async (rig) => {
      const { checkpoints } = rig
      const lease = await take(rig, ask('a'))
      await checkpoints.park(lease, aside())
      await checkpoints.park(lease, aside({ position: 8, error: 'otherwise' }))
      assert.deepEqual(await checkpoints.parked('policy'), [
        { ...aside({ position: 8, error: 'otherwise' }), attempts: 2 },
      ])
    },
  ],
  [
    'one stream is taken out of the parking, and those of other tenants and categories stay',
    async (rig) => {
      const { checkpoints } = rig
      const lease = await take(rig, ask('a'))
      const others = [aside({ tenantId: OTHER_TENANT }), aside({ category: 'pet', position: 8 })]
      for (const stream of [aside(), ...others]) await checkpoints.park(lease, stream)
      await checkpoints.unpark(lease, aside())
      assert.deepEqual(
        await checkpoints.parked('policy'),
        others.map((stream) => ({ ...stream, attempts: 1 })),
      )
      await checkpoints.unpark(lease, aside())
      assert.equal((await checkpoints.parked('policy')).length, 2, 'nothing to do is no harm')
    },
  ],
  [
    'an error of any length and any character can be kept',
    async (rig) => {
      const lease = await take(rig, ask('a'))
      await rig.checkpoints.park(lease, aside({ error: `a\0b ${'é'.repeat(5_000)}` }))
      const [parked] = await rig.checkpoints.parked('policy')
      assert.match(parked?.error ?? '', /^ab é+$/)
      assert.equal(parked?.error.length, MAX_PARK_REASON)
    },
  ],
]

export const checkpointsCases: readonly CheckpointsCase[] = [...leaseCases, ...parkingCases]
