// The embedded PostgreSQL as real processes: it starts, keeps its rows, ends with its parent, and is shared.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../src/adapters/embedded-postgres/server.ts'
import {
  prepareSocketFolder,
  socketFolderOf,
} from '../../src/adapters/embedded-postgres/socket-folder.ts'
import { type Logger, silentLogger } from '../../src/core/logger.ts'
import { copyPreparedCluster } from '../support/processes/prepared-cluster.ts'
import { isRunning } from '../support/processes/program.ts'

// Servers are made and started in most of these tests.
t.setTimeout(180_000)

const logger = silentLogger
// The usual share of a large machine's memory takes longer to set up than all the rest.
const settings = { shared_buffers: '128MB' }
const start = (
  dataDir: string,
  more: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ dataDir, logger, settings, ...more })

/** With data that were made before, where there are some. */
const preparedFolder = async (t: Test): Promise<string> => {
  const dataDir = path.join(await temporaryFolder(t), 'cluster')
  await copyPreparedCluster(dataDir)
  return dataDir
}

const temporaryFolder = async (t: Test): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const rowsAt = async (url: string, sql: string): Promise<readonly unknown[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows as readonly unknown[]
  } finally {
    await client.end()
  }
}

const postmasterPid = async (dataDir: string): Promise<number> =>
  Number((await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])

const startParent = async (t: Test, dataDir: string) => {
  const bundle = process.env['PAWTRAIL_TEST_PROGRAMS']
  const name = 'embedded-postgres-parent'
  const source = path.resolve(import.meta.dirname, `../support/processes/${name}.ts`)
  const command =
    bundle === undefined ? ['--import', 'tsx', source] : [path.join(bundle, `${name}.js`)]
  const child = spawn(process.execPath, [...command, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const kill = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { url, kill }
}

t.test(
  'a new folder becomes a database that answers, and keeps its rows over a stop',
  async (t) => {
    const dataDir = path.join(await temporaryFolder(t), 'deep', 'cluster')
    const first = await startEmbeddedPostgres({ dataDir, logger })
    t.teardown(first.stop)
    t.equal(first.attached, false)
    await rowsAt(first.url, 'create table kept (n int); insert into kept values (1), (2)')
    const settings = await rowsAt(
      first.url,
      `select name, setting from pg_settings
     where name in ('listen_addresses', 'fsync', 'synchronous_commit', 'data_checksums') order by name`,
    )
    t.strictSame(
      settings.map((row) => Object.values(row as object)),
      [
        ['data_checksums', 'on'],
        ['fsync', 'on'],
        ['listen_addresses', ''],
        ['synchronous_commit', 'on'],
      ],
      'it is crash-safe and listens on no network address',
    )
    const pid = await postmasterPid(dataDir)
    await Promise.all([first.stop(), first.stop()])
    t.notOk(await isRunning(pid), 'stop waits until the server is gone')

    const second = await start(dataDir)
    t.teardown(second.stop)
    t.strictSame(await rowsAt(second.url, 'select n from kept order by n'), [{ n: 1 }, { n: 2 }])
    await second.stop()
    t.strictSame(
      await readdir(path.dirname(dataDir)),
      ['cluster'],
      'nothing is left beside the data',
    )
  },
)

t.test(
  'a second start on the same folder uses the running server and leaves it running',
  async (t) => {
    const dataDir = await preparedFolder(t)
    const owner = await start(dataDir)
    t.teardown(owner.stop)
    const guest = await start(dataDir)
    t.equal(guest.attached, true)
    t.equal(guest.url, owner.url)
    await guest.stop()
    t.strictSame(await rowsAt(owner.url, 'select 1 as answer'), [{ answer: 1 }])
  },
)

t.test('a start that has to wait for another server says so, once', async (t) => {
  const dataDir = await preparedFolder(t)
  const owner = await start(dataDir)
  t.teardown(owner.stop)
  const pid = await postmasterPid(dataDir)
  process.kill(pid, 'SIGSTOP')
  const told: unknown[] = []
  const info: Logger['info'] = (fields, message) => {
    told.push([message, fields])
    process.kill(pid, 'SIGCONT')
  }
  const guest = await start(dataDir, { logger: { ...silentLogger, info } })
  t.equal(guest.attached, true)
  t.strictSame(told, [
    ['waiting for the data folder to become free', { obstacle: `process ${pid} holds it` }],
    ['using the embedded PostgreSQL that already runs on this data folder', {}],
  ])
})

t.test('two first starts at once share one server', async (t) => {
  const dataDir = path.join(await temporaryFolder(t), 'cluster')
  const servers = await Promise.all([1, 2].map(() => start(dataDir)))
  for (const server of servers) t.teardown(server.stop)
  t.strictSame(servers.map(({ attached }) => attached).sort(), [false, true])
})

t.test('a killed parent leaves no server behind, and the next start has every row', async (t) => {
  const dataDir = await preparedFolder(t)
  const parent = await startParent(t, dataDir)
  await rowsAt(parent.url, 'create table kept (n int); insert into kept values (7)')
  const pid = await postmasterPid(dataDir)
  await parent.kill()
  if (process.platform === 'linux') {
    const deadline = AbortSignal.timeout(15_000)
    while ((await isRunning(pid)) && !deadline.aborted) await delay(20)
    t.notOk(await isRunning(pid), 'the server ended with its parent')
  }
  const next = await start(dataDir)
  t.teardown(next.stop)
  t.strictSame(await rowsAt(next.url, 'select n from kept'), [{ n: 7 }])
})

t.test('a killed server is reported, and the next start recovers its rows', async (t) => {
  const dataDir = await preparedFolder(t)
  let report = (): void => {}
  const reported = new Promise<void>((resolve) => {
    report = resolve
  })
  const first = await start(dataDir, { onUnexpectedExit: report })
  await rowsAt(first.url, 'create table kept (n int); insert into kept values (7)')
  process.kill(await postmasterPid(dataDir), 'SIGKILL')
  await reported
  const next = await start(dataDir)
  t.teardown(next.stop)
  t.equal(next.attached, false)
  t.strictSame(await rowsAt(next.url, 'select n from kept'), [{ n: 7 }])
})

t.test(
  'a lock that names an unrelated living process does not keep the server from starting',
  async (t) => {
    const dataDir = await preparedFolder(t)
    const first = await start(dataDir)
    const lock = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8')
    await first.stop()
    await writeFile(path.join(dataDir, 'postmaster.pid'), lock.replace(/^\d+/, String(process.pid)))
    const next = await start(dataDir)
    t.teardown(next.stop)
    t.equal(next.attached, false)
  },
)

t.test('a folder with something else in it is refused and left as it was', async (t) => {
  const dataDir = await temporaryFolder(t)
  await writeFile(path.join(dataDir, 'letter.txt'), 'dear reader')
  await t.rejects(start(dataDir), { message: /neither empty nor/ })
  t.strictSame(await readdir(dataDir), ['letter.txt'])
})

t.test('data of another major version is refused with both versions named', async (t) => {
  const dataDir = await temporaryFolder(t)
  await writeFile(path.join(dataDir, 'PG_VERSION'), '12\n')
  await t.rejects(start(dataDir), {
    message: /is of PostgreSQL 12 and this build carries PostgreSQL 18/,
  })
})

t.test('an abandoned start ends at once and leaves no server', async (t) => {
  const dataDir = path.join(await temporaryFolder(t), 'cluster')
  const reason = new Error('not any more')
  await t.rejects(start(dataDir, { signal: AbortSignal.abort(reason) }), reason)
  const server = await start(dataDir)
  t.teardown(server.stop)
  t.equal(server.attached, false)
})

t.test(
  'the folder of the socket is closed to others, and one that is a link is refused',
  async (t) => {
    const parent = await temporaryFolder(t)
    const folder = path.join(parent, 'socket')
    await mkdir(folder)
    await chmod(folder, 0o755)
    await prepareSocketFolder(folder, process.getuid?.())
    t.equal((await stat(folder)).mode & 0o777, 0o700)
    const link = path.join(parent, 'link')
    await symlink(folder, link)
    await t.rejects(prepareSocketFolder(link, process.getuid?.()), { message: /is a link/ })
  },
)

t.test('the path of the socket stays short for a data folder however deep', async (t) => {
  const deep = `/${Array.from({ length: 40 }, () => 'folder').join('/')}`
  t.ok(Buffer.byteLength(socketFolderOf(deep)) < 90)
  t.not(socketFolderOf(deep), socketFolderOf(`${deep}/other`))
})
