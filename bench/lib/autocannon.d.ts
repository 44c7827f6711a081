// What of autocannon is used here: it brings no types of its own, and bench must type-check before its
// peers are installed.
declare module 'autocannon' {
  namespace autocannon {
    type Request = {
      method?: string
      path?: string
      headers?: Readonly<Record<string, string>>
      body?: string
    }
    type Options = Readonly<{
      url: string
      connections?: number
      pipelining?: number
      duration?: number
      amount?: number
      requests?: Request[]
      setupClient?: (client: Readonly<{ setRequests(requests: Request[]): void }>) => void
    }>
    type Result = Readonly<{
      duration: number
      errors: number
      timeouts: number
      non2xx: number
      requests: Readonly<{ total: number }>
      latency: Readonly<{ p50: number; p99: number }>
    }>
  }
  const autocannon: (options: autocannon.Options) => Promise<autocannon.Result>
  export = autocannon
}
