// Remembers what a URL asked for, so that asking again costs no parsing and no validation. Of GET and HEAD alone.
import type { FastifyRequest } from 'fastify'
import type { GuardManner } from './guard.ts'
import type { Observe } from './observe.ts'

const MAX_REMEMBERED_URLS = 20_000
/** One question can be asked in as many long ways as somebody likes: they would fill the memory, not help anybody. */
const MAX_REMEMBERED_LENGTH = 1_000

export type Planned = Readonly<{ key: string; needsStaff?: boolean }>
/** And what its route does with every answer. */
export type Known = Readonly<{
  key: string
  observe: Observe | undefined
  rateFields: GuardManner['rateFields'] | undefined
}>

export type UrlMemo = Readonly<{
  remember(request: FastifyRequest, plan: Planned): void
  find(url: string): Known | undefined
}>

export const createUrlMemo = (): UrlMemo => {
  const known = new Map<string, Known>()
  return {
    find: (url) => known.get(url),
    remember: ({ raw, routeOptions }, { key, needsStaff }) => {
      if (raw.url === undefined || raw.url.length > MAX_REMEMBERED_LENGTH) return
      if (needsStaff === true) return
      if (known.size >= MAX_REMEMBERED_URLS) known.clear()
      const { observe, rateFields } = routeOptions.config
      known.set(raw.url, { key, observe, rateFields })
    },
  }
}
