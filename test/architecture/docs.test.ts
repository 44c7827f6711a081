// What is written for people is true of the tree: promises name tests that exist, every way to say no is listed, and
// links and names of files lead somewhere.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { REJECTIONS } from '../../src/commands/rejections.ts'
import { PROBLEMS } from '../../src/transports/http/problem.ts'
import { FIELD_CODES } from '../../src/transports/http/validation.ts'
import { renderErrorCatalogue } from '../support/error-catalogue.ts'
import { brokenLinks, rowsWithoutTest, treeNames } from './docs-rules.ts'

const root = path.resolve(import.meta.dirname, '../..')
const exists = (name: string): boolean => existsSync(path.join(root, name))
const textOf = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8')

t.test('every promise of docs/guarantees.md names the tests that show it', async (t) => {
  const text = await textOf('docs/guarantees.md')
  t.match(text, /^\| .*`test\/.*\|$/m, 'there are promises')
  t.strictSame(rowsWithoutTest(text, exists), [])
})

t.test('docs/errors.md lists every problem type and code as the source has it', async (t) => {
  const text = await textOf('docs/errors.md')
  t.ok(text === (await renderErrorCatalogue()), 'it is current; if not, run npm run docs')
  for (const name of [...Object.keys(PROBLEMS), ...Object.keys(REJECTIONS), ...FIELD_CODES]) {
    t.match(text, `\n| \`${name}\``, name)
  }
})

t.test('every relative link leads to a file', async (t) => {
  const docs = await readdir(path.join(root, 'docs'), { recursive: true })
  const pages = docs
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.split(path.sep).join('/')}`)
  for (const page of ['README.md', 'CONTRIBUTING.md', ...pages]) {
    t.strictSame(brokenLinks(page, await textOf(page), exists), [], page)
  }
})

t.test('the tree in README.md names only what is there', async (t) => {
  const names = treeNames(await textOf('README.md'))
  t.ok(names.includes('src/main.ts') && names.includes('docs/'), 'the tree was found')
  t.strictSame(
    names.filter((name) => !exists(name)),
    [],
  )
})

const onlyA = (name: string): boolean => name === 'test/a.test.ts' || name === 'docs/a.md'

t.test('a promise without a test, or with one that is gone, is found', (t) => {
  const text = [
    '| Promise | Shown by |',
    '| --- | --- |',
    '| kept | `test/a.test.ts` |',
    '| lost | `test/a.test.ts`, `test/b.test.ts` |',
    '| bare | by hand |',
  ].join('\n')
  t.strictSame(rowsWithoutTest(text, onlyA), [
    'lost: there is no test/b.test.ts',
    'bare: names no test',
  ])
  t.end()
})

t.test('a link that leads nowhere is found; addresses and places in a page are left alone', (t) => {
  const text =
    '[a](a.md) [b](b.md#x) [c](../docs/a.md#x) [d](https://example.org/x) [e](#x) `[f](f.md)`'
  t.strictSame(brokenLinks('docs/page.md', text, onlyA), ['docs/b.md'])
  t.end()
})

t.test('names in a tree are read with the folder they stand in', (t) => {
  const text =
    '## The tree\n\n```\nsrc/\n  a.ts   what (parts in parts/)\n  b/     more\ntest/    all\n```\n'
  t.strictSame(treeNames(text), ['src/', 'src/a.ts', 'src/b/', 'test/'])
  t.end()
})
