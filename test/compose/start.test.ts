// Settings that read well and cannot be used: each stops the start with a sentence that names it, without secrets.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { exitOf } from '../../src/cli/exit.ts'
import { ensureDataDir } from '../../src/compose/data-dir.ts'
import { knownPort, listenHttp } from '../../src/compose/http.ts'
import { listenMqtt } from '../../src/compose/mqtt.ts'
import { openServer } from '../../src/compose/server.ts'
import { openStore } from '../../src/compose/store.ts'
import { BadSetting } from '../../src/config/bad-setting.ts'
import { type Config, type Environment, loadConfig } from '../../src/config.ts'
import { silentLogger as logger } from '../../src/core/logger.ts'
import { selfSigned } from '../support/certificate.ts'
import { testDatabase } from '../support/database.ts'

const NOBODYS_HOST = '192.0.2.1' // for documents: no machine has it
const NO_HOST = 'nowhere.invalid'

const load = (environment: Environment): Config => {
  const loaded = loadConfig(environment)
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

const folderOf = async (t: Test): Promise<string> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const problemOf = async (work: Promise<unknown>): Promise<BadSetting> => {
  const problem: unknown = await work.then(
    () => new Error('it started'),
    (error: unknown) => error,
  )
  if (problem instanceof BadSetting) return problem
  throw new Error('no sentence for people', { cause: problem })
}

const listening = async (
  t: Test,
  onSocket: Parameters<typeof createServer>[1],
): Promise<number> => {
  const server = createServer(onSocket).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const listen = async (address: Readonly<{ host: string; port: number }>): Promise<void> => {
  const server = createServer().listen(address)
  await once(server, 'listening')
  server.close()
}

t.test('a port that is taken is that of PORT', async (t) => {
  const port = await listening(t, () => {})
  const { message } = await problemOf(listenHttp({ host: '127.0.0.1', port }, listen))
  t.match(message, /^PORT: port \d+ at 127\.0\.0\.1 is in use by another program; /)
})

t.test('an address that is no name or not of this machine is that of HOST', async (t) => {
  for (const host of [NO_HOST, NOBODYS_HOST]) {
    const named = new RegExp(`^HOST: ${host} cannot be listened at \\(`)
    const port = 65_000
    t.match((await problemOf(listenHttp({ host, port }, listen))).message, named)
    t.match((await problemOf(knownPort({ host, port: 0 }))).message, named)
  }
  t.ok((await knownPort({ host: '127.0.0.1', port: 0 })) > 0)
  t.equal(await knownPort({ host: NO_HOST, port: 65_000 }), 65_000)
})

t.test('a data folder is made, with those above it, and nothing is left in it', async (t) => {
  const dataDir = path.join(await folderOf(t), 'some', 'where')
  await ensureDataDir({ dataDir })
  await ensureDataDir({ dataDir })
  t.strictSame(await readdir(dataDir), [])
})

t.test('a data folder that cannot be made or written is that of DATA_DIR', async (t) => {
  const file = path.join(await folderOf(t), 'file')
  await writeFile(file, '')
  const never = existsSync('/proc/self') ? ['/proc', '/proc/pawtrail', '/proc/pawtrail/data'] : []
  for (const dataDir of [file, path.join(file, 'data'), ...never]) {
    const { message } = await problemOf(ensureDataDir({ dataDir }))
    t.ok(message.startsWith(`DATA_DIR: ${dataDir} cannot be made or written: `), message)
  }
})

t.test('data that the embedded database cannot be started on are those of DATA_DIR', async (t) => {
  const dataDir = await folderOf(t)
  await ensureDataDir({ dataDir: path.join(dataDir, 'postgres') })
  await writeFile(path.join(dataDir, 'postgres', 'letter.txt'), 'dear reader')
  const { message } = await problemOf(openServer(load({ DATA_DIR: dataDir }), logger))
  t.match(message, /^DATA_DIR: \/.*\/postgres is neither empty nor a PostgreSQL data folder: /)
})

// What a server answers at once to a connection of somebody whom it does not let in.
const refusal = (code: string, message: string): Buffer => {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5, 'E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

t.test('a database that cannot be used is told by its setting, without its URL', async (t) => {
  const { url } = await testDatabase(t, { migrated: false })
  const refused = await listening(t, (socket) =>
    socket.once('data', () =>
      socket.end(refusal('28P01', 'password authentication failed for user "ann"')),
    ),
  )
  const unknown = await listening(t, (socket) =>
    socket.once('data', () => socket.end(refusal('3D000', 'database "pets" does not exist'))),
  )
  const at = (place: string): string => `postgres://ann:hunter2@${place}/pets`
  const cases = [
    [at('127.0.0.1:1'), /no connection can be made \(.*ECONNREFUSED/, 'unavailable'],
    [at(`${NO_HOST}:5432`), /no connection can be made \(/, 'unavailable'],
    [at('127.0.0.1:99999'), /no connection can be made \(/, 'failed'],
    [at(`127.0.0.1:${String(refused)}`), /refuses the user or the password/, 'failed'],
    [at(`127.0.0.1:${String(unknown)}`), /has no database of that name/, 'failed'],
  ] as const
  for (const [bad, wanted, exit] of cases) {
    for (const [name, settings] of [
      ['DATABASE_URL', { DATABASE_URL: bad }],
      ['EVENT_STORE_URL', { DATABASE_URL: url, EVENT_STORE_URL: bad }],
    ] as const) {
      const config = load(settings)
      const server = { url: config.databaseUrl ?? '', eventStoreUrl: config.eventStoreUrl ?? bad }
      const opening = openStore(
        { ...server, isOurs: false, stop: async () => {} },
        { config, logger },
      )
      const problem = await problemOf(opening)
      t.match(problem.message, wanted)
      t.ok(problem.message.startsWith(`${name}: `), problem.message)
      t.notMatch(problem.message, /hunter2|ann\b|postgres:\/\//)
      t.equal(exitOf(problem), exit)
    }
  }
})

t.test('files that are no certificate or no key are those of the TLS settings', async (t) => {
  const folder = await folderOf(t)
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(path.join(folder, name), text)
    return path.join(folder, name)
  }
  const now = Date.parse(new Date().toISOString())
  const [mine, other] = [selfSigned('localhost', now), selfSigned('localhost', now)]
  const cert = await write('cert.pem', mine.cert)
  const key = await write('key.pem', mine.key)
  const start = (certFile: string, keyFile: string): Promise<string> => {
    const config = load({ MQTT_PORT: '0', MQTT_TLS_CERT: certFile, MQTT_TLS_KEY: keyFile })
    return listenMqtt(config, { listen: async () => 8883 }, logger)
  }
  const messageOf = async (certFile: string, keyFile: string): Promise<string> =>
    (await problemOf(start(certFile, keyFile))).message
  const text = await write('text', 'not a PEM file')
  t.match(await messageOf(text, key), /^MQTT_TLS_CERT: .*text is not a certificate in PEM$/)
  t.match(await messageOf(cert, text), /^MQTT_TLS_KEY: .*text is not a private key .*in PEM$/)
  t.match(await messageOf(cert, await write('other.pem', other.key)), /^MQTT_TLS_KEY is not the/)
  t.match(await messageOf(path.join(folder, 'none'), key), /^MQTT_TLS_CERT: .*ENOENT/)
  t.match(await messageOf(cert, path.join(folder, 'none')), /^MQTT_TLS_KEY: .*ENOENT/)
  t.equal(await start(cert, key), 'mqtts://127.0.0.1:8883')
})
