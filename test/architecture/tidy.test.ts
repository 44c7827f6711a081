// The source keeps its habits; and since a check with a slip in it finds nothing, each check is shown to find its sin.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import {
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  MAX_LINE_WIDTH,
  sinsOf,
  type SourceFile,
} from './tidy-rules.ts'

const root = path.resolve(import.meta.dirname, '../..')

const filesIn = async (folder: string, endings: RegExp): Promise<readonly SourceFile[]> => {
  const names = await readdir(path.join(root, folder), { recursive: true })
  const chosen = names.filter((name) => endings.test(name) && !name.includes('node_modules'))
  return Promise.all(
    chosen.map(async (name) => ({
      path: `${folder}/${name.split(path.sep).join('/')}`,
      text: await readFile(path.join(root, folder, name), 'utf8'),
    })),
  )
}

for (const folder of ['src', 'test', 'infra']) {
  t.test(`${folder} is tidy`, async (t) => {
    const files = await filesIn(folder, /\.(ts|mjs)$/)
    t.ok(files.length > 0)
    t.strictSame(files.flatMap(sinsOf), [])
  })
}

const opening = '// What it is.\n'
const sinsIn = (code: string, file = 'src/core/example.ts'): readonly string[] =>
  sinsOf({ path: file, text: `${opening}${code}\n` })

const linesOf = (count: number, line = 'go()'): string =>
  Array.from({ length: count }, () => line).join('\n')
const unfinished = (word: string): string => `// ${word}: later`

const SINS: readonly (readonly [code: string, sentence: RegExp, file?: string])[] = [
  ['const now = Date.now()', /Date\.now: take a Clock/],
  ['const now = Date . now ( )', /take a Clock/],
  ['const clock = Date.now', /take a Clock/],
  ['const now = new Date()', /newDate\(\): take a Clock/],
  ['const now = new Date', /take a Clock/],
  ['const dice = Math.random()', /seeded source/],
  ['const id = randomUUID()', /IdGenerator/],
  ['const id = crypto.randomUUID()', /IdGenerator/],
  ["const port = process.env['PORT']", /src\/config\.ts/],
  ['const { PORT } = process.env', /src\/config\.ts/],
  ["console.log('here')", /Logger/],
  ["console.error('here')", /Logger/, 'src/cli/main.ts'],
  [unfinished(['TO', 'DO'].join('')), /finish it/],
  [unfinished(['FIX', 'ME'].join('')), /finish it/, 'test/example.test.ts'],
  [`const folder = '${['', 'home', 'ada', 'x'].join('/')}'`, /path of one machine/],
  [`// see ${['', 'Users', 'ada', 'x'].join('/')}`, /path of one machine/],
  [linesOf(MAX_FILE_LINES), /301 lines, 300 at most/],
  [`const wide = 1 // ${'x'.repeat(MAX_LINE_WIDTH)}`, /wide, 120 at most/],
  [
    `const long = () => {\n${linesOf(MAX_FUNCTION_LINES - 1)}\n}`,
    /a function of 71 lines, 70 at most/,
  ],
  [`function long() {\n${linesOf(MAX_FUNCTION_LINES - 1)}\n}`, /a function of 71 lines/],
  [`const port = { long() {\n${linesOf(MAX_FUNCTION_LINES - 1)}\n} }`, /a function of 71 lines/],
  ['export default 1', /default export/],
  ['export default function go() {}', /default export/],
  ['const go = 1\nexport { go as default }', /default export/],
  ['enum Status { Open }', /enum/],
  ['const enum Status { Open }', /enum/],
  ['const value: any = 1', /any; use unknown/],
  ['const list: readonly any[] = []', /any; use unknown/],
  ['const value = 1 as any', /any; use unknown/],
  ['class Store {}', /a class/],
  ['const Store = class {}', /a class/],
  ['class Store extends Map {}', /a class/],
  ["t.test.skip('later', () => {})", /does not run/, 'test/example.test.ts'],
  ["t.test('later', { skip: true }, () => {})", /does not run/, 'test/example.test.ts'],
  ["t.test('later', { todo: 'why' }, () => {})", /does not run/, 'test/example.test.ts'],
  ["t.skip('later')", /does not run/, 'test/example.test.ts'],
  ["t.only('this', () => {})", /does not run/, 'test/example.test.ts'],
  ["describe.only('this', () => {})", /does not run/, 'test/example.test.ts'],
]

t.test('each sin is found, and no other with it', (t) => {
  for (const [code, sentence, file] of SINS) {
    const sins = sinsIn(code, file)
    t.equal(sins.length, 1, code.slice(0, 60))
    t.match(sins[0], sentence)
  }
  t.match(sinsOf({ path: 'src/x.ts', text: 'go()\n' }), [/open it with a comment/])
  t.end()
})

t.test('a sin is told with its file and line', (t) => {
  t.strictSame(sinsIn('go()\nconst now = Date.now()'), [
    'src/core/example.ts:3: Date.now: take a Clock as an option',
  ])
  t.end()
})

t.test('what is at home, or only talked about, is left alone', (t) => {
  const innocent: readonly (readonly [code: string, file?: string])[] = [
    ['const clock = () => Date.now()', 'src/adapters/system/clock.ts'],
    ['const id = randomUUID()', 'src/adapters/system/ids.ts'],
    ['const dice = Math.random()', 'src/adapters/system/random.ts'],
    ['const env = process.env', 'src/config.ts'],
    ['const then = new Date(0)'],
    ['// Date.now() and console.log are banned, process.env too'],
    ["const text = 'console.log and Math.random'"],
    ['const now = Date.now()\nconsole.log(process.env)', 'test/support/example.ts'],
    ['class Broken extends Error {}'],
    ['class Broken extends ProblemError {}'],
    [linesOf(MAX_FILE_LINES - 1)],
    [`const wide = 1 // ${'x'.repeat(MAX_LINE_WIDTH - 18)}`],
    [`const long = () => {\n${linesOf(MAX_FUNCTION_LINES - 2)}\n}`],
    ['const words = list.skip(1).only(2)', 'test/example.test.ts'],
    ["const url = 'https://example.org/home/ada'"],
    ['const anything = { any: 1, todo: [] }', 'test/example.test.ts'],
  ]
  for (const [code, file] of innocent) t.strictSame(sinsIn(code, file), [], code.slice(0, 60))
  t.end()
})
