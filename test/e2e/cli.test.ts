// The command line as a process of its own.
import t from 'tap'
import { run } from '../support/processes/program.ts'

t.test('a command whose output nobody reads to the end is done all the same', async (t) => {
  const program = run(t, ['cli', 'help'])
  program.child.stdout?.destroy()
  t.equal(await program.ended, 0)
  t.equal(program.errors(), '')
})
