// The command line as a process of its own.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { run } from '../support/processes/program.ts'

t.test('a command whose output nobody reads to the end is done all the same', async (t) => {
  const program = run(t, ['cli', 'help'])
  program.child.stdout?.destroy()
  t.equal(await program.ended, 0)
  t.equal(program.errors(), '')
})

t.test(
  'a server that is started by the command line is given the memory of npm start',
  async (t) => {
    const file = path.resolve(import.meta.dirname, '../../package.json')
    const { scripts } = JSON.parse(await readFile(file, 'utf8')) as {
      scripts: Record<'start' | 'pawtrail', string>
    }
    t.match(scripts.start, /^exec node --max-semi-space-size=\d+ infra\/run\.mjs main$/)
    t.equal(scripts.pawtrail, scripts.start.replace(/main$/, 'cli'))
  },
)
