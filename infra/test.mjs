// npm test: installs everything, checks types, lint, imports and unused code, then runs the tests against one embedded
// PostgreSQL. With file arguments only those tests run.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkNode, ensureInstalled, root } from './install.mjs'
import { skippedIn } from './skipped.mjs'

const FILE_TIMEOUT_MS = 240_000
const CONCURRENCY = 3 // on two cores: a file waits for processes and the database as long as it works
const NOT_TESTS = ['support', 'contracts'] // what tests share

let running

const run = (command, args, env = process.env) =>
  new Promise((resolve) => {
    running = spawn(command, args, { cwd: root, stdio: 'inherit', env })
    running.once('error', () => resolve(1))
    running.once('close', (code) => resolve(code ?? 1))
  })

const allTests = () =>
  readdirSync(path.join(root, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts') && !NOT_TESTS.includes(name.split(path.sep)[0]))
    .map((name) => path.join('test', name))
    .sort()

const startServer = async () => {
  const given = process.env.PAWTRAIL_TEST_DATABASE_URL
  if (given) return { url: given, stop: () => {} }
  const { register } = await import('tsx/esm/api')
  register()
  const { startEmbeddedPostgres } = await import('../src/adapters/embedded-postgres/server.ts')
  const { silentLogger: logger } = await import('../src/core/logger.ts')
  const { TEST_SERVER_SETTINGS: settings } = await import('../test/support/server-settings.ts')
  const folder = mkdtempSync(path.join(tmpdir(), 'pawtrail-test-run-'))
  const prepared = path.join(folder, 'prepared')
  await makeCluster(prepared, logger)
  const dataDir = path.join(folder, 'cluster')
  cpSync(prepared, dataDir, { recursive: true })
  chmodSync(dataDir, 0o700) // some versions of Node do not copy it
  const server = await startEmbeddedPostgres({ dataDir, logger, settings })
  const stop = async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { url: server.url, prepared, stop }
}

/** The data of a server that was not started yet. Tests that start one of their own begin with a copy. */
const makeCluster = async (dataDir, logger) => {
  const adapter = '../src/adapters/embedded-postgres'
  const { findBinaries } = await import(`${adapter}/binaries.ts`)
  const { chooseLauncher } = await import(`${adapter}/launcher.ts`)
  const { ensureCluster } = await import(`${adapter}/cluster.ts`)
  const binaries = await findBinaries()
  const launcher = await chooseLauncher([binaries.initdb, binaries.postgres])
  await ensureCluster({ dataDir, binaries, launcher, logger })
}

const runTests = async (files) => {
  const { bundleTests } = await import('./test-bundle.mjs')
  const bundle = await bundleTests(files)
  const server = await startServer()
  // An interrupted run ends its tests first; this process lives on to stop the server after them.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => running?.kill(signal))
  const folder = mkdtempSync(path.join(tmpdir(), 'pawtrail-results-'))
  const results = path.join(folder, 'results.tap')
  try {
    const code = await run(
      process.execPath,
      [
        '--enable-source-maps',
        '--test',
        ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
        ...['--test-reporter=tap', `--test-reporter-destination=${results}`],
        `--test-concurrency=${CONCURRENCY}`,
        `--test-timeout=${FILE_TIMEOUT_MS}`,
        ...bundle.files,
      ],
      {
        ...process.env,
        PAWTRAIL_TEST_DATABASE_URL: server.url,
        PAWTRAIL_TEST_PROGRAMS: bundle.programs,
        ...(server.prepared === undefined ? {} : { PAWTRAIL_TEST_CLUSTER: server.prepared }),
        TAP_TIMEOUT: String(FILE_TIMEOUT_MS / 1000), // tap's own limit is short for a busy machine
      },
    )
    const skipped = skippedIn(readFileSync(results, 'utf8'))
    for (const name of skipped) process.stderr.write(`Skipped, or asserts nothing: ${name}\n`)
    return code || Math.min(skipped.length, 1)
  } finally {
    await server.stop()
    bundle.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

checkNode()
ensureInstalled({ dev: true })
const chosen = process.argv.slice(2)
const checked = chosen.length > 0 ? 0 : await run('npm', ['run', '-s', 'check'])
const tested = await runTests(chosen.length > 0 ? chosen : allTests())
if (checked !== 0) process.stderr.write('\nThe checks before the tests failed: see above.\n')
process.exitCode = checked || tested
