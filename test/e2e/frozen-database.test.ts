// The program over an embedded PostgreSQL whose processes stand still: a stop ends in time and leaves none of them.
import { existsSync } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import t, { type Test } from 'tap'
import { socketFolderOf, socketUrl } from '../../src/adapters/embedded-postgres/socket-folder.ts'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import { admit, tokenFor } from '../support/processes/journey.ts'
import {
  isRunning,
  preparedFolder,
  run,
  startServer,
  waitFor,
} from '../support/processes/program.ts'

// Each stop waits for what does not answer: tap's own thirty seconds are for other things.
t.setTimeout(180_000)

/** False: it has ended by itself. */
const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** The one that starts the others first, so that no more come; and, where the system tells, those. */
const freezeDatabase = async (t: Test, folder: string): Promise<readonly number[]> => {
  const lines = await readFile(path.join(folder, 'postgres', 'postmaster.pid'), 'utf8')
  const first = Number(lines.split('\n')[0])
  process.kill(first, 'SIGSTOP')
  const children = `/proc/${first}/task/${first}/children`
  const others = await readFile(children, 'utf8').catch(() => '')
  const pids = others.split(' ').filter(Boolean).map(Number)
  const database = [first, ...pids.filter((pid) => signal(pid, 'SIGSTOP'))]
  t.teardown(async () => {
    for (const pid of database) if (await isRunning(pid)) signal(pid, 'SIGKILL')
  })
  return database
}

t.test('a database that does not answer is ended with the rest, and its rows stay', async (t) => {
  const folder = await preparedFolder(t)
  const server = await startServer(t, { DATA_DIR: folder, SHUTDOWN_GRACE_MS: '500' })
  const id = await admit(server.url, await tokenFor(t, folder, 'write:pets'), 1)
  const database = await freezeDatabase(t, folder)
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 1, 'not everything was ended in order')
  t.match(server.output(), /not everything could be ended in time/)
  t.equal(server.errors(), '', 'and yet before its time was over')
  for (const pid of database) await waitFor(async () => !(await isRunning(pid)))

  const again = await startServer(t, { DATA_DIR: folder })
  await waitFor(async () => (await checkedFetch(`${again.url}/v1/pets/${id}`)).status === 200)
  again.child.kill('SIGTERM')
  t.equal(await again.ended, 0)
})

/** How far a first start has come: its server holds the folder, and what it has stored. */
const isServed = (folder: string): boolean =>
  existsSync(path.join(folder, 'postgres', 'postmaster.pid'))

const hasRows = async (folder: string, table: string): Promise<boolean> => {
  const socketFolder = socketFolderOf(await realpath(path.join(folder, 'postgres')))
  const client = new pg.Client({ connectionString: socketUrl(socketFolder, 'postgres') })
  try {
    await client.connect()
    return (await client.query(`select 1 from ${table} limit 1`)).rows.length > 0
  } catch {
    return false
  } finally {
    await client.end()
  }
}

t.test('a start that waits for a database that does not answer is given up in time', async (t) => {
  for (const [phase, isReached] of [
    ['the server starts', isServed],
    ['migrations', (folder: string) => hasRows(folder, 'pawtrail.migrations')],
    ['the demo', (folder: string) => hasRows(folder, 'pawtrail.events')],
  ] as const) {
    const folder = await preparedFolder(t)
    const program = run(t, ['main'], {
      ...{ DATA_DIR: folder, SHUTDOWN_GRACE_MS: '500', SEED_DEMO: 'true' },
    })
    await waitFor(() => isReached(folder))
    const database = await freezeDatabase(t, folder)
    program.child.kill('SIGTERM')
    t.equal(await program.ended, 1, phase)
    t.equal(program.errors(), 'stopped before it had started\n', 'before its time was over')
    t.equal(program.output().includes('http://'), false)
    for (const pid of database) await waitFor(async () => !(await isRunning(pid)))
  }
})
