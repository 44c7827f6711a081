// Runs the program from a fresh checkout: node infra/run.mjs main|cli [arguments]. Installs and builds when that is
// needed, then goes on in this same process, so that signals reach the program itself.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './build.mjs'
import { checkNode, ensureInstalled, root } from './install.mjs'

const [which, ...args] = process.argv.slice(2)
if (which !== 'main' && which !== 'cli') {
  process.stderr.write('usage: node infra/run.mjs main|cli [arguments]\n')
  process.exit(64)
}
checkNode()
ensureInstalled({ dev: false })
await ensureBuilt()
process.setSourceMapsEnabled(true)
const program = path.join(root, 'dist', `${which}.js`)
process.argv = [process.execPath, program, ...args]
await import(pathToFileURL(program).href)
