// What journeys over a killed server share: a token of the shared pool, and pets that are posted until they
// are acknowledged.
import type { Test } from 'tap'
import { checkedFetch } from './checked-fetch.ts'
import { type Program, run, startServer } from './program.ts'

const RETRY_MS = 50
const WRITE_DEADLINE_MS = 60_000

export const tokenFor = async (t: Test, folder: string, scopes: string): Promise<string> => {
  const args = ['cli', 'token', '--tenant', 'shared', '--scopes', scopes]
  const program = run(t, args, { DATA_DIR: folder })
  if ((await program.ended) !== 0) throw new Error(`no token: ${program.errors()}`)
  return program.output().trim()
}

/** Posts until it is answered, under one key: however often it is tried, there is one pet. */
export const admit = async (url: string, token: string, number: number): Promise<string> => {
  const deadline = AbortSignal.timeout(WRITE_DEADLINE_MS)
  for (;;) {
    try {
      const answer = await checkedFetch(`${url}/v1/pets`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': `pet-${number}`,
        },
        body: JSON.stringify({ name: `P${number}`, species: 'DOG', ageMonths: 3, price: '1.00' }),
        signal: deadline,
      })
      if (answer.status === 201) return ((await answer.json()) as { id: string }).id
      if (answer.status !== 503) throw new Error(`${answer.status} ${await answer.text()}`)
    } catch (error) {
      if (deadline.aborted || !(error instanceof TypeError)) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

export type Journey = Readonly<{
  t: Test
  server: Program & Readonly<{ url: string }>
  settings: Readonly<Record<string, string>>
  token: string
  writes: number
  killAfter: readonly number[] // acknowledged writes
}>

/** Writes one pet after the other, and kills the server in between. Answers their ids, and the last server. */
export const writeOverKills = async (journey: Journey) => {
  const { t, token, writes, settings } = journey
  const { url } = journey.server
  let { server } = journey
  const killings = [...journey.killAfter]
  const acknowledged: string[] = []
  while (acknowledged.length < writes) {
    acknowledged.push(await admit(url, token, acknowledged.length + 1))
    if (acknowledged.length !== killings[0]) continue
    killings.shift()
    server.child.kill('SIGKILL')
    await server.ended
    server = await startServer(t, { ...settings, PORT: new URL(url).port })
  }
  return { acknowledged, server }
}
