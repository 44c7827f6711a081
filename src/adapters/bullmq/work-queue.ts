// The work queue over BullMQ and its PostgreSQL backend. A job says no more than which item; BullMQ makes its tables
// itself, in a schema of their own, and so connects as the owner of the database.
import { createPostgresBackend, withBackend } from 'bullmq'
import type { Clock } from '../../core/clock.ts'
import { Fault } from '../../core/fault.ts'
import { tenantIdSchema } from '../../core/ids.ts'
import type { Logger } from '../../core/logger.ts'
import type { Work, WorkItem, WorkQueue } from '../../core/work-queue.ts'
import { JOBS_SCHEMA } from './schema.ts'

export type BullWorkQueueOptions = Readonly<{
  url: string // of PostgreSQL, as the owner
  name: string
  clock: Clock
  logger: Logger
  atOnce?: number
  /** No other process can be at work: what one that died was at is not waited for, and all jobs are made anew. */
  isAlone?: boolean
}>

const DEFAULT_AT_ONCE = 16
const QUEUE_CONNECTIONS = 2
const WORKER_CONNECTIONS = 2 // and one beside them that listens
const LOCK_MS = 10_000 // a job of a process that died is taken up again after it
const STALLED_LOOK_MS = 2_500
const MAX_STALLED = 1_000_000 // ... however often: the work is still to be done
const ASK_DEADLINE_MS = 10_000

const { Queue, Worker } = withBackend(createPostgresBackend)
type Data = Readonly<{ tenantId: string; id: string }>

export const createBullWorkQueue = async (options: BullWorkQueueOptions): Promise<WorkQueue> => {
  const { name, clock, logger } = options
  const onError = (error: Error): void => {
    logger.warn({ error: error.message }, 'the queue of webhook work had trouble')
  }
  const queue = new Queue<Data>(name, {
    connection: connectionOf(options, QUEUE_CONNECTIONS),
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  })
  queue.on('error', onError)
  await queue.waitUntilReady()
  if (options.isAlone === true) {
    await queue.obliterate({ force: true })
    await queue.resume() // emptied, it is a paused one
  }
  const stopping = new AbortController()

  // One job an item that is wanted soon; while it runs, at most one more waits behind it.
  const wake = async ({ tenantId, id }: WorkItem): Promise<void> => {
    const deduplication = { id: `${tenantId} ${id} soon`, keepLastIfActive: true }
    await inTime(queue.add('work', { tenantId, id }, { deduplication }))
  }
  // One job an item that is wanted later: a newer wish takes the place of the one before.
  const wakeAt = async (item: WorkItem, atMs: number): Promise<void> => {
    const delay = Math.ceil(atMs - clock())
    if (delay <= 0) return wake(item)
    const { tenantId, id } = item
    const deduplication = { id: `${tenantId} ${id} later`, replace: true }
    await inTime(queue.add('work', { tenantId, id }, { delay, deduplication }))
  }
  const runJob = async ({ tenantId, id }: Data, work: Work): Promise<void> => {
    const item = { tenantId: tenantIdSchema.parse(tenantId), id }
    try {
      const againAtMs = await work(item, stopping.signal)
      if (againAtMs !== undefined && !stopping.signal.aborted) await wakeAt(item, againAtMs)
    } catch (error) {
      logger.error({ error }, 'webhook work failed')
    }
  }
  let stopWorker = async (): Promise<void> => {}
  return {
    wake,
    wakeAt,
    start: async (work) => {
      const worker = new Worker<Data>(name, ({ data }) => runJob(data, work), {
        connection: connectionOf(options, WORKER_CONNECTIONS),
        concurrency: options.atOnce ?? DEFAULT_AT_ONCE,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_LOOK_MS,
        maxStalledCount: MAX_STALLED,
      })
      worker.on('error', onError)
      stopWorker = () => worker.close()
      await worker.waitUntilReady()
    },
    stop: async () => {
      stopping.abort()
      await stopWorker()
      await queue.close()
    },
  }
}

const connectionOf = ({ url }: BullWorkQueueOptions, max: number) => ({
  connectionString: url,
  application_name: 'pawtrail jobs',
  schema: JOBS_SCHEMA,
  migrate: true,
  max,
})

const inTime = async (asked: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Fault('deadline_exceeded', 'the queue of webhook work did not answer')),
      ASK_DEADLINE_MS,
    )
  })
  await Promise.race([asked, late]).finally(() => clearTimeout(timer))
}
