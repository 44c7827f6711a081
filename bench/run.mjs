// Runs the benchmarks: node bench/run.mjs [append] [read] [write] [live] [webhooks] [fuzz] [--quick]. Installs its own peers,
// starts its own PostgreSQL in a temporary folder, prints tables of ratios and writes
// bench/results/<name>.json. Never part of npm test.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const names = ['append', 'read', 'write', 'live', 'webhooks', 'fuzz']
const args = process.argv.slice(2)
const flags = args.filter((arg) => arg.startsWith('--'))
const chosen = args.filter((arg) => !arg.startsWith('--'))
const unknown = chosen.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown benchmark: ${unknown.join(', ')}. There are: ${names.join(', ')}.\n`,
  )
  process.exit(2)
}

if (!existsSync(join(here, 'node_modules'))) {
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: 'inherit',
  })
  if (install.status !== 0) process.exit(install.status ?? 1)
}

// What is measured is what runs in production: the bundle that `npm start` makes.
const build = spawnSync(process.execPath, [join(here, '..', 'infra', 'build.mjs')], {
  stdio: 'inherit',
})
if (build.status !== 0) process.exit(build.status ?? 1)

const run = (name) =>
  new Promise((resolve) => {
    const file = join(here, name, 'main.ts')
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...flags], { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill(signal))
    child.once('exit', (code) => resolve(code ?? 1))
  })

for (const name of chosen.length > 0 ? chosen : names) {
  const code = await run(name)
  if (code !== 0) process.exit(code)
}
