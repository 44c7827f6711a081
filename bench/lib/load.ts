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
    ...(amount === undefined ? { duration: seconds ?? 5 } : { amount }),
    ...(requests === undefined ? {} : { requests }),
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

/** Fails loudly: a ratio of refusals would be worth nothing. */
export const sound = (name: string, result: LoadResult): LoadResult => {
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} requests failed`)
  return result
}
