// npm run check: types, lint, formatting, imports and unused code, two at a time, the longest first. Each says what it
// has to say in one piece when it is done.
import { spawn } from 'node:child_process'
import { root } from './install.mjs'

const CHECKS = ['lint', 'formatted', 'unused', 'imports'] // scripts of package.json
const AT_ONCE = 2

const check = (name) =>
  new Promise((resolve) => {
    const child = spawn('npm', ['run', '-s', name], { cwd: root })
    const said = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => said.push(chunk))
    }
    child.once('error', () => resolve(1))
    child.once('close', (code) => {
      process.stdout.write(Buffer.concat(said))
      process.stdout.write(`${code === 0 ? '✔' : '✖'} ${name}\n`)
      resolve(code ?? 1)
    })
  })

const waiting = [...CHECKS]
const work = async () => {
  let worst = 0
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    worst = (await check(name)) || worst
  }
  return worst
}
const outcomes = await Promise.all(Array.from({ length: AT_ONCE }, work))
process.exitCode = Math.max(...outcomes)
