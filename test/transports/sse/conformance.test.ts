// The common suite of transports over the event stream and over the paged feed; and the suite itself proven to see
// something: transports that do nothing, lose, repeat or exchange events do not pass it.
import t from 'tap'
import { transportCases, transportContract } from '../../contracts/transport/contract.ts'
import { principalsAt } from '../../contracts/transport/support.ts'
import type { Connection, Delivered, Stage } from '../../contracts/transport/types.ts'
import { createMemoryEventStore } from '../../../src/adapters/memory/event-store.ts'
import { fixedClock } from '../../support/fixed-clock.ts'
import { plainCursors } from '../feed/harness.ts'
import { connect as connectStream } from './client.ts'
import { connectPages } from './page-client.ts'
import { httpStage } from './stage.ts'

t.setTimeout(180_000)

const FEATURES = { countsDeliveries: true, earlierLog: 'goes-on-from-now' } as const

t.test('the event stream', (t) =>
  transportContract(t, {
    make: (t) => httpStage(t, connectStream),
    features: { ...FEATURES, tellsBuffered: true, endsWithUser: true },
  }),
)

t.test('the paged feed', (t) =>
  transportContract(t, {
    // A request is answered and done with: nothing is held for who does not ask.
    make: async (t) => {
      const { buffered: _none, ...stage } = await httpStage(t, connectPages)
      return stage
    },
    features: { ...FEATURES, earlierLog: 'refused', endsWithUser: true },
  }),
)

const nothing: Connection = {
  events: { async *[Symbol.asyncIterator]() {} },
  checkpoint: () => undefined,
  freeze: () => {},
  drop: () => {},
  close: () => {},
}

const doNothingStage = (): Stage => {
  const clock = fixedClock()
  return {
    store: createMemoryEventStore({ clock }),
    cursors: plainCursors(),
    principals: principalsAt(clock()),
    now: clock,
    pass: clock.advance,
    connect: async () => nothing,
  }
}

t.test('a transport that does nothing fails every case', async (t) => {
  for (const [title, run] of transportCases) {
    await t.rejects(run(doNothingStage(), FEATURES), title)
  }
})

type Fault = (events: AsyncIterable<Delivered>) => AsyncIterable<Delivered>
const ENDS_AT = 20
const AT = 3 // which event of a connection goes wrong

const FAULTS: Readonly<Record<string, Fault>> = {
  'loses an event': async function* (events) {
    let count = 0
    for await (const event of events) {
      if ((count += 1) !== AT) yield event
      if (count === ENDS_AT) return // so that nobody waits for it until the deadline
    }
  },
  'gives an event twice under another id': async function* (events) {
    let count = 0
    for await (const event of events) {
      yield event
      if ((count += 1) === AT) yield { ...event, id: `${event.id}x` }
    }
  },
  'exchanges two events': async function* (events) {
    let count = 0
    let held: Delivered | undefined
    for await (const event of events) {
      if ((count += 1) === AT) held = event
      else yield event
      if (held !== undefined && count > AT) {
        yield held
        held = undefined
      }
    }
  },
}

for (const [what, fault] of Object.entries(FAULTS)) {
  t.test(`a transport that ${what} does not pass`, async (t) => {
    const stage = await httpStage(t, async (asked) => {
      const connection = await connectStream(asked)
      return { ...connection, events: fault(connection.events) }
    })
    const [title = '', run] = transportCases[0] ?? []
    await t.rejects(async () => run?.(stage, FEATURES), title)
  })
}
