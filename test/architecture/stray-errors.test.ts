// An error that nobody awaits fails the test that it comes from, also where `npm test` puts something cheaper in the
// place of what tap brings for that.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const SOURCE = path.resolve(import.meta.dirname, '../support/processes/stray-errors.ts')

t.test('errors that nobody awaits fail the test that they come from', async (t) => {
  const bundle = process.env['PAWTRAIL_TEST_PROGRAMS']
  const command =
    bundle === undefined ? ['--import', 'tsx', SOURCE] : [path.join(bundle, 'stray-errors.js')]
  const run = promisify(execFile)(process.execPath, command, { env: { PATH: process.env['PATH'] } })
  const { code, stdout } = await run.then(
    () => ({ code: 0, stdout: '' }),
    (error: unknown) => error as { code: number; stdout: string },
  )
  t.equal(code, 1)
  const said = stdout.split('\n').flatMap((line) => {
    const [, title] = /^\s*(?:not )?ok \d+ - (.*?)(?: # time=.*)?$/.exec(line) ?? []
    return title === undefined ? [] : [title]
  })
  const testOf = (error: string): string | undefined => said[said.indexOf(error) + 1]
  t.equal(testOf('in a timer'), 'a timer throws')
  t.equal(testOf('in a promise'), 'a promise is rejected')
  t.equal(testOf('in a tick'), 'its inner one throws')
  t.equal(testOf('too late'), 'around others', 'its own test is over')
  t.match(stdout, /^ok 1 - nothing is wrong/m)
  t.match(stdout, /^ {4}ok 2 - it is over when it throws/m)
})
