// The crowd as a benchmark sees it: orders that are answered one after the other, each with a deadline.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Order } from './clients.ts'

export type Crowd = Readonly<{
  order: (order: Order) => Promise<Answer>
  stop: () => Promise<void>
}>

const DEADLINE_MS = 120_000

export const startCrowd = async (): Promise<Crowd> => {
  const child: ChildProcess = fork(fileURLToPath(new URL('./clients.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  })
  const answered = async (what: string): Promise<Answer> => {
    const signal = AbortSignal.timeout(DEADLINE_MS)
    try {
      const [answer] = (await once(child, 'message', { signal })) as [Answer]
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer
    } catch (cause) {
      throw new Error(`the crowd did not manage to ${what}`, { cause })
    }
  }
  await answered('start')
  return {
    order(order) {
      const answer = answered(JSON.stringify({ ...order, tokens: undefined }))
      child.send(order)
      return answer
    },
    async stop() {
      if (child.exitCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
