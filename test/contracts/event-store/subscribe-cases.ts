// Subscriptions: from history into the present under concurrent writers, pulled, filtered, ended.
import assert from 'node:assert/strict'
import type { EventStore } from '../../../src/core/event-store.ts'
import {
  isRising,
  newEvents,
  OTHER_TENANT,
  petStream,
  positions,
  readLog,
  request,
  soon,
  store1,
  take,
  type Case,
} from './support.ts'

const writeMany = async (store: EventStore, writers: number, rounds: number): Promise<void> => {
  await Promise.all(
    Array.from({ length: writers }, async () => {
      for (let round = 0; round < rounds; round += 1) await store1(store, { events: newEvents(2) })
    }),
  )
}

export const subscribeCases: readonly Case[] = [
  [
    'a subscription gives history and then what comes, once and in order, while many write',
    async (store) => {
      await writeMany(store, 4, 10)
      const taking = soon(take(store, 400, { pageSize: 7 }))
      await writeMany(store, 8, 20)
      assert.deepEqual(positions(await taking), positions(await readLog(store)))
    },
  ],
  [
    'a subscription after a position starts with the next event',
    async (store) => {
      await store1(store, { events: newEvents(3) })
      const { position } = await store1(store, { events: newEvents(2) })
      await store1(store, { events: newEvents(4) })
      const events = await soon(take(store, 4, { after: position }))
      assert.equal(
        events.every((event) => event.position > position),
        true,
      )
    },
  ],
  [
    'a subscription at the end of the log waits, and is woken by the next append',
    async (store) => {
      const { position } = await store1(store)
      const taking = soon(take(store, 1, { after: position }))
      let isDone = false
      const mark = (): void => {
        isDone = true
      }
      taking.then(mark, mark)
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(isDone, false)
      const next = await store1(store)
      assert.deepEqual(positions(await taking), [next.position])
    },
  ],
  [
    'a subscription with a filter gives only what matches, and moves on past the rest',
    async (store) => {
      const ending = new AbortController()
      const filter = { tenantId: OTHER_TENANT }
      const pages = store
        .subscribe({ after: 0, signal: ending.signal, filter })
        [Symbol.asyncIterator]()
      const stream = petStream({ tenantId: OTHER_TENANT })
      const { position: first } = await store1(store, { stream })
      const got = await soon(pages.next())
      assert.deepEqual(positions(got.value?.events ?? []), [first])
      const { position: passed } = await store1(store)
      let upTo = first
      while (upTo < passed) {
        const page = await soon(pages.next())
        assert.deepEqual(page.value?.events, [])
        upTo = page.value?.upTo ?? Infinity
      }
      const { position: second } = await store1(store, { stream })
      const last = await soon(pages.next())
      assert.deepEqual(positions(last.value?.events ?? []), [second])
      ending.abort()
    },
  ],
  [
    'who is told of what is passed over gets pages with events only, and hears of all the rest',
    async (store) => {
      const ending = new AbortController()
      const heard: (number | 'page')[] = []
      const pages = store
        .subscribe({
          after: 0,
          signal: ending.signal,
          filter: { tenantId: OTHER_TENANT },
          onPassedOver: (upTo) => heard.push(upTo),
        })
        [Symbol.asyncIterator]()
      const stream = petStream({ tenantId: OTHER_TENANT })
      let wanted = 0
      for (let round = 0; round < 20; round += 1) {
        const next = soon(pages.next())
        let passed = 0
        for (let n = 0; n < round % 4; n += 1) ({ position: passed } = await store1(store))
        while (passed > 0 && heard.at(-1) !== passed) {
          await soon(new Promise((resolve) => setTimeout(resolve, 1)))
        }
        ;({ position: wanted } = await store1(store, { stream }))
        const page = await next
        assert.deepEqual(positions(page.value?.events ?? []), [wanted])
        assert.equal(page.value?.upTo, wanted)
        heard.push('page')
      }
      const told = heard.filter((entry) => entry !== 'page')
      assert.equal(isRising(told), true)
      assert.equal(
        told.every((upTo) => upTo < wanted),
        true,
      )
      ending.abort()
    },
  ],
  [
    'what a subscription gives of appends under way is what the log has, in every field',
    async (store) => {
      const { position: after } = await store1(store)
      const taking = soon(take(store, 60, { after }))
      const one = petStream()
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await store1(store, { stream: petStream(), events: newEvents(2) })
          const stream = index % 2 === 0 ? one : petStream() // some are refused on the way
          await store.append(request({ stream, expectedVersion: 0 }))
        }),
      )
      const left = 60 - ((await readLog(store)).length - 1)
      for (let n = 0; n < left; n += 1) await store1(store)
      assert.deepEqual(await taking, (await readLog(store)).slice(1))
    },
  ],
  [
    'many subscriptions from different positions each get everything after theirs',
    async (store) => {
      await writeMany(store, 2, 10)
      const taking = Array.from({ length: 30 }, (_, index) =>
        soon(take(store, 80 - index, { after: index, pageSize: 1 + index })),
      )
      await writeMany(store, 4, 5)
      const all = positions(await readLog(store))
      assert.equal(all.length, 80)
      for (const [index, events] of (await Promise.all(taking)).entries()) {
        assert.deepEqual(positions(events), all.slice(index))
      }
    },
  ],
  [
    'a page holds the page size at most, and a consumer that takes its time skips none',
    async (store) => {
      const ending = new AbortController()
      const seen: number[] = []
      await writeMany(store, 1, 5)
      const pages = store.subscribe({ after: 0, signal: ending.signal, pageSize: 3 })
      for await (const page of pages) {
        assert.equal(page.events.length <= 3, true)
        seen.push(...positions(page.events))
        if (seen.length < 25) await store1(store)
        if (seen.length >= 25) break
      }
      assert.equal(seen.length >= 25, true)
      assert.deepEqual(seen, positions(await readLog(store)).slice(0, seen.length))
    },
  ],
  [
    'an abort ends a subscription that waits, at once, and one that has events to give',
    async (store) => {
      await store1(store, { events: newEvents(3) })
      const waiting = new AbortController()
      const pages = store.subscribe({ after: 3, signal: waiting.signal })[Symbol.asyncIterator]()
      const next = pages.next()
      const ready = new AbortController()
      const others = store
        .subscribe({ after: 0, signal: ready.signal, pageSize: 1 })
        [Symbol.asyncIterator]()
      assert.equal((await soon(others.next())).done, false)
      waiting.abort()
      ready.abort()
      assert.deepEqual(await soon(next), { value: undefined, done: true })
      assert.deepEqual(await soon(others.next()), { value: undefined, done: true })
      assert.deepEqual(await soon(take(store, 3)).then((events) => events.length), 3)
    },
  ],
  [
    'a subscription whose signal was aborted before gives nothing',
    async (store) => {
      await store1(store)
      const pages = store.subscribe({ after: 0, signal: AbortSignal.abort() })
      for await (const page of pages) assert.fail(`a page up to ${page.upTo}`)
      assert.equal((await take(store, 1)).length, 1)
    },
  ],
  [
    'leaving a subscription that waits ends it at once',
    async (store) => {
      const { position } = await store1(store)
      const { signal } = new AbortController()
      const pages = store.subscribe({ after: position - 1, signal })[Symbol.asyncIterator]()
      assert.equal((await soon(pages.next())).done, false)
      const waiting = pages.next()
      await soon(Promise.resolve(pages.return?.()))
      assert.deepEqual(await soon(waiting), { value: undefined, done: true })
    },
  ],
]
