// The program as one process with its database: it starts from nothing, stops clean, and survives being killed. What
// could differ in the program as it is shipped (each way of ending, each way of reaching the store) is done with that.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { checkedFetch } from '../support/processes/checked-fetch.ts'
import {
  dataFolder,
  preparedFolder,
  run,
  runAsShipped,
  serversOn,
  startServer,
  waitFor,
} from '../support/processes/program.ts'

// Processes and databases start and stop in every test: tap's own thirty seconds are for other things.
t.setTimeout(180_000)

const tokenFor = async (t: Test, folder: string, runProgram = run): Promise<string> => {
  const program = runProgram(
    t,
    ['cli', 'token', '--tenant', 'shared', '--scopes', 'read:pets write:pets read:events'],
    { DATA_DIR: folder },
  )
  const code = await program.ended
  if (code !== 0) throw new Error(`no token: ${program.errors()}`)
  return program.output().trim()
}

const addPet = async (url: string, token: string, name: string): Promise<string> => {
  const response = await checkedFetch(`${url}/v1/pets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name,
      species: 'CAT',
      breed: 'Domestic Shorthair',
      ageMonths: 18,
      price: '75.00',
      currency: 'USD',
    }),
  })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return ((await response.json()) as { id: string }).id
}

const nameOf = async (url: string, id: string): Promise<string> => {
  const response = await checkedFetch(`${url}/v1/pets/${id}`)
  if (response.status !== 200) return `status ${response.status}`
  return ((await response.json()) as { name: string }).name
}

/** The line that people are shown, in a shell that knows nothing of the server's settings. */
const pasted = async (banner: string): Promise<string> => {
  const line = /^ *(TOKEN=.*)$/m.exec(banner)?.[1] ?? ''
  const { PATH, HOME } = process.env
  const shell = promisify(execFile)('sh', ['-c', `${line}; echo "$TOKEN"`], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { PATH, HOME },
  })
  return (await shell).stdout.trim()
}

t.test(
  'from an empty folder it starts, is ready, keeps what it is told, and stops clean',
  async (t) => {
    const folder = await dataFolder(t)
    const server = await startServer(t, { DATA_DIR: folder }, runAsShipped)
    const ready = await checkedFetch(`${server.url}/readyz`)
    t.equal(ready.status, 200)
    const token = await pasted(server.output())
    t.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/, 'the command prints the token and nothing else')
    const id = await addPet(server.url, token, 'Luna')
    server.child.kill('SIGTERM')
    t.equal(await server.ended, 0)
    t.strictSame(await serversOn(folder), [], 'the database stopped with it')

    const again = await startServer(t, { DATA_DIR: folder }, runAsShipped)
    await waitFor(async () => (await nameOf(again.url, id)) === 'Luna')
    t.equal(await nameOf(again.url, id), 'Luna')
    again.child.kill('SIGINT')
    t.equal(await again.ended, 0)
  },
)

t.test(
  'killed without warning, it leaves no database behind and starts again with every row',
  async (t) => {
    const folder = await preparedFolder(t)
    const server = await startServer(t, { DATA_DIR: folder }, runAsShipped)
    const id = await addPet(server.url, await tokenFor(t, folder), 'Milo')
    server.child.kill('SIGKILL')
    t.equal(await server.ended, 'SIGKILL')
    if (process.platform === 'linux')
      await waitFor(async () => (await serversOn(folder)).length === 0)
    const again = await startServer(t, { DATA_DIR: folder })
    await waitFor(async () => (await nameOf(again.url, id)) === 'Milo')
    t.equal(await nameOf(again.url, id), 'Milo')
    again.child.kill('SIGTERM')
    t.equal(await again.ended, 0)
  },
)

t.test('bad settings stop the start with one sentence each, and nothing is made', async (t) => {
  const folder = await dataFolder(t)
  const program = runAsShipped(t, ['main'], {
    DATA_DIR: folder,
    PORT: 'eighty',
    EVENT_STORE_URL: 'esdb://user:hunter2@host',
  })
  t.equal(await program.ended, 78)
  t.match(program.errors(), /^PORT is "eighty": expected a whole number/m)
  t.match(program.errors(), /^EVENT_STORE_URL starts with esdb:/m)
  t.notMatch(program.errors(), /hunter2/)
  t.equal(program.output(), '')
  t.strictSame(await serversOn(folder), [])
})

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

t.test('a port that is taken is named in one sentence, and the database is stopped', async (t) => {
  const folder = await preparedFolder(t)
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const program = run(t, ['main'], { DATA_DIR: folder, PORT: String(port) })
  t.equal(await program.ended, 1)
  t.match(program.errors(), /^PORT: port \d+ at 127\.0\.0\.1 is in use by another program; .*\n$/)
  t.strictSame(await serversOn(folder), [])
  await t.rejects(access(path.join(folder, 'postgres', 'postmaster.pid')), { code: 'ENOENT' })
})

const LINES = 3_000 // of the log, more than a pipe holds

for (const unread of ['destroy', 'pause'] as const) {
  t.test(`a server whose output nobody reads serves and stops clean: ${unread}`, async (t) => {
    const port = await freePort()
    const folder = await preparedFolder(t)
    const more = { PORT: String(port), LOG_LEVEL: 'debug', RATE_LIMIT_PER_MINUTE: '0' }
    const program = run(t, ['main'], { DATA_DIR: folder, ...more })
    program.child.stdout?.[unread]()
    const isReady = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok)
    await waitFor(() => program.child.exitCode !== null || isReady().catch(() => false))
    for (let line = 0; line < LINES; line += 100) {
      const answers = Array.from({ length: 100 }, () => fetch(`http://127.0.0.1:${port}/livez`))
      for (const answer of await Promise.all(answers)) await answer.text()
    }
    program.child.kill('SIGTERM')
    t.equal(await program.ended, 0, program.errors())
  })
}

t.test('a data folder that cannot be made is named in one sentence', async (t) => {
  const folder = await dataFolder(t)
  const file = path.join(folder, 'file')
  await writeFile(file, '')
  // Where the system has such a folder: one in which no folder can be made, though nothing says so.
  const bad = existsSync('/proc/self') ? '/proc/pawtrail/data' : path.join(file, 'data')
  const program = run(t, ['main'], { DATA_DIR: bad })
  t.equal(await program.ended, 1)
  t.match(program.errors(), /^DATA_DIR: \/.* cannot be made or written: .*\n$/)
})

t.test(
  'the command line shows its help and codes, and refuses what it does not know',
  async (t) => {
    const help = runAsShipped(t, ['cli', '--help'])
    t.equal(await help.ended, 0)
    for (const name of ['serve', 'token', 'seed', 'reset', 'tail', 'status', 'rebuild', 'replay']) {
      t.match(help.output(), new RegExp(`\\b${name}\\b`))
    }
    t.match(help.output(), /EXIT CODES/)
    const oneHelp = run(t, ['cli', 'token', '--help'])
    t.equal(await oneHelp.ended, 0)
    t.match(oneHelp.output(), /--scopes/)
    const unknown = runAsShipped(t, ['cli', 'tokn'])
    t.equal(await unknown.ended, 64)
    t.match(unknown.errors(), /no command "tokn"/)
    const option = run(t, ['cli', 'token', '--tenant', 'shared', '--scope', 'x'])
    t.equal(await option.ended, 64)
    t.match(option.errors(), /no option --scope/)
    const missing = run(t, ['cli', 'token', '--tenant', 'shared'])
    t.equal(await missing.ended, 64)
    t.match(missing.errors(), /--scopes/)
  },
)

t.test('tail shows events as they happen and says where to go on from', async (t) => {
  const folder = await preparedFolder(t)
  const server = await startServer(t, { DATA_DIR: folder })
  const token = await tokenFor(t, folder)
  const settings = { DATA_DIR: folder }
  const first = runAsShipped(
    t,
    ['cli', 'tail', '--after', 'earliest', '--json', '--url', server.url],
    settings,
  )
  await addPet(server.url, token, 'Luna')
  await waitFor(() => first.output().includes('Luna'))
  first.child.kill('SIGINT')
  t.equal(await first.ended, 0)
  const cursor = /--after (\S+)/.exec(first.errors())?.[1] ?? ''
  t.not(cursor, '')

  await addPet(server.url, token, 'Milo')
  const second = run(t, ['cli', 'tail', '--after', cursor, '--json', '--url', server.url], settings)
  await waitFor(() => second.output().includes('Milo'))
  t.notMatch(second.output(), /Luna/, 'what was seen is not shown again')
  second.child.kill('SIGINT')
  t.equal(await second.ended, 0)
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)
})

t.test('status, rebuild and reset work beside a server and without one', async (t) => {
  const folder = await preparedFolder(t)
  const settings = { DATA_DIR: folder }
  const server = await startServer(t, settings)
  const id = await addPet(server.url, await tokenFor(t, folder), 'Luna')
  const status = runAsShipped(t, ['cli', 'status', '--json'], settings)
  t.equal(await status.ended, 0)
  const shown = JSON.parse(status.output()) as { head: number; projections: { name: string }[] }
  t.ok(shown.head >= 1)
  t.ok(shown.projections.some(({ name }) => name === 'pets'))
  const rebuilt = run(t, ['cli', 'rebuild', 'pets', '--json'], settings)
  t.equal(await rebuilt.ended, 0, rebuilt.errors())
  t.match(rebuilt.output(), /"kind":"rebuilt"/)
  t.match(rebuilt.output(), /"kind":"progress",.*"secondsLeft":\d+\}/)
  t.equal(await nameOf(server.url, id), 'Luna')
  const unknown = run(t, ['cli', 'rebuild', 'cats'], settings)
  t.equal(await unknown.ended, 64)
  t.match(unknown.errors(), /no read model "cats"; there are .*pets/)
  const inUse = run(t, ['cli', 'reset', '--yes'], settings)
  t.equal(await inUse.ended, 75)
  t.equal(await nameOf(server.url, id), 'Luna', 'a reset beside a server touches nothing')
  server.child.kill('SIGTERM')
  t.equal(await server.ended, 0)

  const asking = run(t, ['cli', 'reset'], settings)
  t.equal(await asking.ended, 64)
  const reset = runAsShipped(t, ['cli', 'reset', '--yes'], settings)
  t.equal(await reset.ended, 0, reset.errors())
  const again = await startServer(t, settings)
  t.equal(await nameOf(again.url, id), 'status 404')
  again.child.kill('SIGTERM')
  t.equal(await again.ended, 0)
})
