// The run of the tests fails when one was skipped or asserted nothing: that is found in what Node's reporter says.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { skippedIn } from '../../infra/skipped.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')

/** Of a file of tests with these lines beside the import. */
const skippedOf = async (t: Test, lines: readonly string[]): Promise<readonly string[]> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-no-skips-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  await writeFile(path.join(folder, 'some.test.mjs'), [`import t from 'tap'`, ...lines].join('\n'))
  const { NODE_TEST_CONTEXT: _, TAP: __, ...env } = process.env
  const options = ['--test', '--test-reporter=tap', 'some.test.mjs']
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, options, { cwd: folder, env, stdio: [...stdio] })
  return child.stdout === null ? [] : skippedIn(await text(child.stdout))
}

t.test('tests that were skipped or assert nothing are named, others are not', async (t) => {
  const skipped = await skippedOf(t, [
    `t.test('sound', async (t) => void t.ok(true))`,
    `t.test('empty', async () => {})`,
    `t.test('left out', { ['ski' + 'p']: true }, async (t) => void t.ok(true))`,
    `t.test('with # SKIP in its name', async (t) => void t.ok(true, 'and # SKIP here'))`,
  ])
  t.strictSame(skipped.toSorted(), ['empty', 'left out'])
})
