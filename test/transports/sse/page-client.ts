// A consumer of the paged feed for the common suite of transports: it fetches page after page, and waits at the end.
import { createQueue } from '../../contracts/transport/queue.ts'
import type { Connection, Delivered, Wanted } from '../../contracts/transport/types.ts'

export type Connect = (wanted: Wanted & Readonly<{ url: string }>) => Promise<Connection>
type Asked = Parameters<Connect>[0]
type Page = Readonly<{ data: readonly Delivered[]; nextCursor: string }>

const WAIT_SECONDS = '5'

const headersOf = ({ token, tenant }: Asked) => ({
  ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
})

const queryOf = ({ filter, after }: Asked): URLSearchParams => {
  const query = new URLSearchParams({ after: after ?? 'now' })
  for (const type of filter?.types ?? []) query.append('types', type)
  for (const subject of filter?.subjects ?? []) query.append('subject', subject)
  return query
}

/** Resolves when the first page is there. */
export const connectPages: Connect = async (asked) => {
  const aborter = new AbortController()
  const query = queryOf(asked)
  const fetchPage = async (): Promise<Page> => {
    const url = `${asked.url}/v1/events?${query.toString()}`
    const response = await fetch(url, { headers: headersOf(asked), signal: aborter.signal })
    if (response.status === 200) return (await response.json()) as Page
    await response.body?.cancel()
    throw new Error(`refused: ${String(response.status)}`)
  }
  const queue = createQueue<Delivered>()
  let checkpoint: ReturnType<Connection['checkpoint']>
  let isReading = true
  const take = ({ data, nextCursor }: Page): void => {
    data.forEach(queue.push)
    const delivered = (checkpoint?.delivered ?? 0) + data.length
    checkpoint = { cursor: nextCursor, delivered }
    query.set('after', nextCursor)
    query.set('wait', WAIT_SECONDS)
  }
  take(await fetchPage())
  const follow = async (): Promise<void> => {
    while (isReading) take(await fetchPage())
  }
  const stop = (): void => {
    isReading = false
    aborter.abort()
  }
  void follow()
    .catch(() => {})
    .finally(queue.end)
  return {
    events: queue.items,
    checkpoint: () => checkpoint,
    freeze: () => {
      isReading = false
    },
    drop: stop,
    close: stop,
  }
}
