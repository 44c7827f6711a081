// Live delivery: fan-out to 1,000 clients, latency from commit to client, and memory of idle connections,
// each beside bare loops in processes of their own. `--only=fan-out|latency|memory` runs one of them.
import { withPostgres } from '../lib/server.ts'
import { report, type Row } from '../lib/table.ts'
import { measureFanOut } from './fan-out.ts'
import { measureLatency } from './latency.ts'
import { measureMemory } from './memory.ts'
import { makeStage, type Stage } from './stage.ts'

const quick = process.argv.includes('--quick')
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice('--only='.length)
const CLIENTS = 1_000
const CONNECTIONS = 5_000

const onStage = async <Options>(
  url: string,
  measure: (stage: Stage, options: Options) => Promise<Row[]>,
  options: Options,
): Promise<Row[]> => {
  const stage = await makeStage(url)
  try {
    return await measure(stage, options)
  } finally {
    await stage.stop()
  }
}

const parts: Readonly<Record<string, (url: string) => Promise<void>>> = {
  async 'fan-out'(url) {
    const options = { clients: CLIENTS, events: quick ? 100 : 300, rounds: quick ? 3 : 7 }
    const title = `Fan-out of ${options.events} events to ${CLIENTS} clients`
    await report('live-fan-out', title, await onStage(url, measureFanOut, options))
  },
  async latency(url) {
    const options = { clients: CLIENTS, events: quick ? 60 : 200, rounds: quick ? 2 : 5 }
    const rows = await onStage(url, measureLatency, options)
    await report('live-latency', 'From commit to client', rows)
  },
  async memory(url) {
    const options = { connections: CONNECTIONS, rounds: quick ? 1 : 3 }
    const title = `Memory of ${CONNECTIONS} idle connections`
    await report('live-memory', title, await measureMemory(url, options))
  },
}

for (const [name, measure] of Object.entries(parts)) {
  if (only !== undefined && only !== name) continue
  await withPostgres(measure)
}
