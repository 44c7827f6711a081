// The delivery engine in a process of its own, over the log and the tables of the benchmark, with the work queue and the
// metrics that the program has.
import { createSecretBox } from '../../src/adapters/files/secret-box.ts'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBullWorkQueue } from '../../src/adapters/bullmq/work-queue.ts'
import { createOutbound } from '../../src/adapters/outbound/outbound.ts'
import { createDatabase } from '../../src/adapters/postgres/database.ts'
import { createPostgresEventStore } from '../../src/adapters/postgres/event-store/event-store.ts'
import { createWebhookStore } from '../../src/adapters/postgres/webhook-store/store.ts'
import { createPrometheusMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { systemClock as clock } from '../../src/adapters/system/clock.ts'
import { createCursorCodec } from '../../src/adapters/system/cursor-codec.ts'
import { uuidV7 } from '../../src/adapters/system/ids.ts'
import { randomFraction, randomToken } from '../../src/adapters/system/random.ts'
import { createWebhooks } from '../../src/application/webhooks.ts'
import { createCommandHandler } from '../../src/commands/handle.ts'
import { silentLogger as logger } from '../../src/core/logger.ts'
import { decodeEvent } from '../../src/events/codec.ts'
import { publicDataOf, subjectOf } from '../../src/events/registry.ts'
import { createWebhookEngine } from '../../src/transports/webhooks/engine.ts'

const secretBox = createSecretBox({ directory: '', keys: [Buffer.alloc(32, 7)] })

const { BENCH_DATABASE_URL: url = '' } = process.env
const metrics = createPrometheusMetrics()
const database = createDatabase({
  ...{ url, maxConnections: 10, statementTimeoutMs: 60_000, applicationName: 'bench', logger },
})
const eventStore = await createPostgresEventStore({ url, logger, metrics, clock })
const ids = uuidV7(clock)
const webhookStore = createWebhookStore({ database, secretBox })
const handler = createCommandHandler({ eventStore, ids })
const webhooks = createWebhooks({ handler, eventStore, webhookStore, clock, ids, randomToken })
const workQueue = await createBullWorkQueue({ url, name: 'webhooks', clock, logger })
const engine = createWebhookEngine({
  ...{ application: { webhooks }, eventStore, webhookStore, workQueue },
  outbound: createOutbound({ allowInsecure: true, logger }),
  catalogue: { decode: decodeEvent, subjectOf, publicDataOf },
  ...{ cursors: createCursorCodec(eventStore.identity), documented: async () => undefined },
  ...{ clock, ids, random: randomFraction, logger, metrics, schemaBase: 'https://schemas.test' },
})
await engine.start()
const server = createServer((_request, response) => response.end('{}'))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`listening at http://127.0.0.1:${port}\n`)
})
process.once('SIGTERM', () => void engine.stop().then(() => process.exit(0)))
