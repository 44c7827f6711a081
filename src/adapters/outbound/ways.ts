// Where the calls of one line may go, asked for again when that was long ago.
import type { Call } from './calls.ts'
import { type Refused, refused } from './target.ts'
import type { Way } from './way.ts'

const UNRESOLVED = refused('unresolved')
const CHECKED_FOR_MS = 30_000

type Known = Readonly<{ at: number; way: Promise<Way | Refused>; settled: Way | undefined }>

export type Ways = Readonly<{
  /** What was found and still counts, without waiting. */
  settled(): Way | undefined
  of(call: Call): Promise<Way | Refused>
  isKnown(): boolean
  stop(): void
}>

export const createWays = (find: (signal: AbortSignal) => Promise<Way | Refused>): Ways => {
  const askings = new Set<AbortController>()
  let known: Known | undefined
  const isFresh = (): boolean =>
    known !== undefined && performance.now() - known.at < CHECKED_FOR_MS
  /** Asked for once for all who call at the same time; each of them waits no longer than its own call goes on. */
  const of = async (call: Call): Promise<Way | Refused> => {
    if (known === undefined || !isFresh()) {
      const asking = new AbortController()
      const asked = {
        at: performance.now(),
        way: find(asking.signal),
        settled: undefined as Way | undefined,
      }
      known = asked
      void asked.way
        .then((way) => {
          if (way.kind === 'way') asked.settled = way
          else if (known === asked) known = undefined
        })
        .catch(() => {})
      askings.add(asking)
      void asked.way.finally(() => askings.delete(asking)).catch(() => {})
    }
    if (known.settled !== undefined) return known.settled
    const { way } = known
    const ended = new Promise<Refused>((resolve) => {
      call.tell = () => resolve(UNRESOLVED)
      if (call.whyEnded !== undefined) call.tell()
    })
    return Promise.race([way, ended])
  }
  return {
    settled: () => (isFresh() ? known?.settled : undefined),
    of,
    isKnown: () => known !== undefined,
    stop: () => {
      for (const asking of askings) asking.abort()
    },
  }
}
