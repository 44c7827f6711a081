// Who imports whom: the rules of .dependency-cruiser.cjs hold for src, and each of them catches what it is for. A rule
// with a slip in it catches nothing and looks just like one that is kept.
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser'
import t from 'tap'

const root = path.resolve(import.meta.dirname, '../..')
const violationsRoot = path.join(import.meta.dirname, 'violations')
const { forbidden, options } = createRequire(import.meta.url)(
  path.join(root, '.dependency-cruiser.cjs'),
) as Readonly<{
  forbidden: readonly Readonly<{ name: string; comment?: string }>[]
  options: ICruiseOptions
}>

/** `files`: the importing one, or all that a cycle goes through. */
type Caught = Readonly<{ rule: string; from: string; to: string; files: readonly string[] }>

const violationsIn = async (baseDir: string): Promise<readonly Caught[]> => {
  const { output } = await cruise(['src'], {
    ...options,
    baseDir,
    validate: true,
    ruleSet: { forbidden: [...forbidden] },
  } as ICruiseOptions)
  const { summary } = output as ICruiseResult
  return summary.violations.map(({ rule, from, to, cycle = [] }) => ({
    rule: rule.name,
    from,
    to,
    files: [from, ...cycle.map(({ name }) => name)],
  }))
}

const declaredViolations = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
  const files = await readdir(path.join(violationsRoot, 'src'), { recursive: true })
  const declared = new Map<string, readonly string[]>()
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const text = await readFile(path.join(violationsRoot, 'src', file), 'utf8')
    const rules = /^\/\/ Caught by: (.+)$/m.exec(text)?.[1]?.split(', ') ?? []
    declared.set(`src/${file.split(path.sep).join('/')}`, rules)
  }
  return declared
}

t.test('no file in src imports what it may not', async (t) => {
  const violations = await violationsIn(root)
  t.strictSame(
    violations.map(({ rule, from, to }) => `${from} -> ${to} (${rule})`),
    [],
  )
})

t.test('each deliberate violation is caught by its own rule and no other', async (t) => {
  const caught = new Map<string, Set<string>>()
  for (const { rule, files } of await violationsIn(violationsRoot)) {
    for (const file of files) caught.set(file, (caught.get(file) ?? new Set()).add(rule))
  }
  for (const [file, rules] of await declaredViolations()) {
    t.strictSame([...(caught.get(file) ?? [])].sort(), [...rules].sort(), file)
  }
})

t.test('there is a deliberate violation for every rule', async (t) => {
  const declared = new Set([...(await declaredViolations()).values()].flat())
  t.strictSame(
    forbidden.map(({ name }) => name).filter((name) => !declared.has(name)),
    [],
  )
})

t.test('every rule says why it is there', (t) => {
  for (const { name, comment } of forbidden) t.ok((comment ?? '').length > 20, name)
  t.end()
})
