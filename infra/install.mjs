// Makes sure that this Node can run the program and that the packages of package-lock.json are there. No dependency:
// it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname ?? '.', '..')

const readJson = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'))

/** Ends the process with a sentence when this Node is not one of package.json's engines. */
export const checkNode = () => {
  const wanted = readJson('package.json').engines.node
  if (wanted.split('||').some((range) => isIn(process.versions.node, range.trim()))) return
  process.stderr.write(`Pawtrail needs Node.js ${wanted}; this is ${process.versions.node}.\n`)
  process.exit(1)
}

// The two forms that package.json uses: ^1.2.3 and >=1.2.3.
const isIn = (version, range) => {
  const [major, minor, patch] = version.split('.').map(Number)
  const [least, leastMinor, leastPatch] = range.replace(/^\D+/, '').split('.').map(Number)
  if (major !== least) return range.startsWith('>=') && major > least
  return minor > leastMinor || (minor === leastMinor && patch >= leastPatch)
}

/** `dev`: also what only tests and checks need. An installation that has it already is kept that way. */
export const ensureInstalled = ({ dev }) => {
  const installed = installedPackages()
  const locked = Object.entries(readJson('package-lock.json').packages).filter(
    ([place]) => place !== '',
  )
  const isThere = ([place, { version }]) => installed[place]?.version === version
  const wanted = locked.filter(
    ([, entry]) => !entry.optional && !entry.devOptional && (dev || !entry.dev),
  )
  if (wanted.every(isThere)) return
  const full = dev || locked.some((entry) => entry[1].dev === true && isThere(entry))
  process.stderr.write('Installing packages (only when package-lock.json has changed) ...\n')
  const quiet = ['--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund']
  const args = ['ci', ...quiet, ...(full ? [] : ['--omit=dev'])]
  // What npm prints goes to stderr: stdout belongs to the program that follows.
  const { status, error } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status === 0) return
  process.stderr.write(`npm ci did not succeed${error ? `: ${error.message}` : ''}.\n`)
  process.exit(1)
}

// npm writes this list when an installation is complete, so that one that was interrupted is seen as none.
const installedPackages = () => {
  const list = 'node_modules/.package-lock.json'
  return existsSync(path.join(root, list)) ? readJson(list).packages : {}
}
