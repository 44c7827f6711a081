// What documentation must not say, as functions from its text to what is wrong with it.
import path from 'node:path'

type Exists = (name: string) => boolean // names from the root, with slashes

/** Rows of tables whose last cell names no test, or one that is not there. */
export const rowsWithoutTest = (text: string, exists: Exists): readonly string[] =>
  promisesOf(text).flatMap(({ promise, shownBy }) => {
    const tests = [...shownBy.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1] ?? '')
    if (tests.length === 0) return [`${promise}: names no test`]
    return tests.filter((test) => !exists(test)).map((test) => `${promise}: there is no ${test}`)
  })

const promisesOf = (text: string) => {
  const lines = text.split('\n')
  const isRule = (line: string | undefined): boolean => /^\|[\s|:-]+\|$/.test(line ?? '')
  return lines
    .filter((line, index) => line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) => {
      const cells = line.split('|').map((cell) => cell.trim())
      return { promise: cells[1] ?? '', shownBy: cells.at(-2) ?? '' }
    })
}

/** Targets of relative links that lead nowhere, from the root. */
export const brokenLinks = (page: string, text: string, exists: Exists): readonly string[] => {
  const prose = text.replaceAll(/```[^]*?```|`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^([a-z]+:|#)/i.test(target))
    .map((target) => path.posix.join(path.posix.dirname(page), target.replace(/#.*$/, '')))
    .filter((name) => !exists(name))
}

/** Every folder and file of the tree below "The tree", each with the folder it stands in. */
export const treeNames = (text: string): readonly string[] => {
  const tree = /^## The tree\n+```\n(.*?)^```/ms.exec(text)?.[1] ?? ''
  const folders: string[] = []
  return tree
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const depth = line.search(/\S/) / 2
      const name = /\S+/.exec(line)?.[0] ?? ''
      folders.length = depth
      folders.push(name)
      return folders.join('')
    })
}
