// Load by autocannon, from this process against servers in processes of their own.
import autocannon from 'autocannon'

export type LoadOptions = Readonly<{
  url: string
  connections: number
  seconds?: number
  amount?: number // of requests; instead of seconds
  requests?: autocannon.Request[]
  pipelining?: number
}>

export type LoadResult = Readonly<{
  total: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  failed: number
}>

export const load = async (options: LoadOptions): Promise<LoadResult> => {
  const { seconds, amount, requests, ...rest } = options
  const result = await autocannon({
    ...rest,
    // A run by amount ends at a sample: of the default second each, short runs would all take the same time.
    ...(amount === undefined ? { duration: seconds ?? 5 } : { amount, sampleInt: 20 }),
    ...(requests === undefined ? {} : { requests }),
    ...(amount === undefined || requests === undefined
      ? {}
      : { setupClient: dealer(requests, rest.connections) }),
  })
  const failed = result.errors + result.timeouts + result.non2xx
  return {
    total: result.requests.total,
    perSecond: result.requests.total / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    failed,
  }
}

// Each connection would begin at the head of the list, and all would ask for the same at once: here each has its own share.
const dealer = (requests: readonly autocannon.Request[], connections: number) => {
  let dealt = 0
  return (client: Parameters<NonNullable<autocannon.Options['setupClient']>>[0]): void => {
    const mine = dealt++ % connections
    client.setRequests(requests.filter((_, index) => index % connections === mine))
  }
}

/** Fails loudly: a ratio of refusals would be worth nothing. */
export const sound = (name: string, result: LoadResult): LoadResult => {
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} requests failed`)
  return result
}
