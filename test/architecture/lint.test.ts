// `npm run lint` over small trees: what it finds is told with its file, and by its exit code.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'

const ROOT = path.resolve(import.meta.dirname, '../..')
const ITS_OWN = [
  ...['infra/lint.mjs', 'infra/install.mjs'],
  ...['package.json', 'tsconfig.json', 'eslint.config.mjs'],
]
const SOUND = 'export const later = async (): Promise<number> => 1\n'

// The compiler starts in each of these tests: tap's own thirty seconds are for other things.
t.setTimeout(120_000)

/** Runs it, with its real settings, on a tree of these files. */
const lint = async (t: Test, files: Readonly<Record<string, string>>) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawtrail-lint-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'))
  for (const name of ITS_OWN) await cp(path.join(ROOT, name), path.join(folder, name))
  for (const [name, content] of Object.entries({ 'src/sound.ts': SOUND, ...files })) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), content)
  }
  const child = spawn(process.execPath, [path.join(folder, 'infra/lint.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  return { code: code as number, output }
}

t.test('a sound tree is passed without a word', async (t) => {
  t.strictSame(await lint(t, {}), { code: 0, output: '' })
})

t.test('an error of types is told with its file', async (t) => {
  const { code, output } = await lint(t, { 'src/typed.ts': `export const one: number = 'one'\n` })
  t.equal(code, 1)
  t.match(output, /src\/typed\.ts.*TS2322/)
  t.notMatch(output, /sound\.ts/)
})

t.test('a rule that asks about types is told with the file that breaks it', async (t) => {
  const broken = `import { later } from './sound.ts'\nlater()\n`
  const { code, output } = await lint(t, { 'src/ruled.ts': broken })
  t.equal(code, 1)
  t.match(output, /src\/ruled\.ts\n.*2:1 +error .*no-floating-promises/)
  t.notMatch(output, /sound\.ts/)
})

t.test('a file that the compiler is not told of is an error', async (t) => {
  const { code, output } = await lint(t, {
    'tsconfig.json': '{ "compilerOptions": { "module": "nodenext" }, "include": ["src/sound.ts"] }',
    'src/forgotten.ts': SOUND,
  })
  t.equal(code, 1)
  t.match(output, /src\/forgotten\.ts\n/)
})
