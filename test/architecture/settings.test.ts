// The settings as people read them: README.md and infra/env.example list exactly what src/config.ts accepts.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { loadConfig, SETTINGS } from '../../src/config.ts'

const root = path.resolve(import.meta.dirname, '../..')
const textOf = (file: string): Promise<string> => readFile(path.join(root, file), 'utf8')

const plainDefault = (text: string): string => (text.startsWith('(') ? '' : text)

t.test('README.md has a row for every setting, with its default and meaning', async (t) => {
  const section = /<!-- settings -->(.*)<!-- \/settings -->/s.exec(await textOf('README.md'))?.[1]
  const rows = (section ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
  t.strictSame(
    rows,
    SETTINGS.map((setting) => [
      `\`${setting.name}\``,
      plainDefault(setting.default) === '' ? setting.default : `\`${setting.default}\``,
      setting.meaning,
    ]),
  )
})

t.test('infra/env.example sets every setting to its default', async (t) => {
  const lines = (await textOf('infra/env.example')).split('\n').filter((line) => /^\w+=/.test(line))
  t.strictSame(
    lines,
    SETTINGS.map((setting) => `${setting.name}=${plainDefault(setting.default)}`),
  )
})

t.test('the defaults that are shown are the ones that hold', async (t) => {
  const shown = Object.fromEntries(
    SETTINGS.map(({ name, default: text }) => [name, plainDefault(text)]),
  )
  t.strictSame(loadConfig(shown), loadConfig({}))
})
