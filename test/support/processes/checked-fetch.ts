// What a whole process answers is held against the documents that it publishes itself. The documents are the same for
// every process of a build: those of the first are kept.
import { type Document, type ResponseCheck, responseCheckOf } from '../response-check.ts'

let known: Promise<ResponseCheck> | undefined

export const checkOfProcess = (origin: string): Promise<ResponseCheck> => {
  known ??= Promise.all(
    ['/v1/openapi.json', '/classic/openapi.json'].map(
      async (path) => (await (await fetch(origin + path)).json()) as Document,
    ),
  ).then(responseCheckOf)
  return known
}

/** `fetch`, which throws when the answer is not as documented. */
export const checkedFetch = async (
  url: string | URL,
  init: RequestInit = {},
): Promise<Response> => {
  const { origin, pathname } = new URL(url)
  const check = await checkOfProcess(origin)
  const response = await fetch(url, init)
  const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const fault = check({
    method: (init.method ?? 'GET').toUpperCase(),
    path: pathname,
    hasBody: !isEndless,
    response: {
      statusCode: response.status,
      headers: Object.fromEntries(response.headers),
      body: isEndless ? '' : await response.clone().text(),
    },
  })
  if (fault !== undefined) throw new Error(fault)
  return response
}
