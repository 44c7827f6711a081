// What the source may not contain, as functions from a file's name and text to sentences. They see the syntax tree, so
// that a word in a comment or a string is not taken for code.
import ts from 'typescript'

export type SourceFile = Readonly<{ path: string; text: string }> // path from the root, with slashes
type Parsed = SourceFile & Readonly<{ tree: ts.SourceFile }>

export const MAX_FILE_LINES = 300
export const MAX_FUNCTION_LINES = 70
/** Prettier keeps code within 100; a comment or a sentence in quotes may be a little wider. */
export const MAX_LINE_WIDTH = 120

/** Every sin of a file, as `path:line: sentence`. */
export const sinsOf = (file: SourceFile): readonly string[] => {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const parsed = { ...file, tree }
  return [...textSins(parsed), ...bannedCalls(parsed), ...shapeSins(parsed), ...testSins(parsed)]
}

const isProduct = (path: string): boolean => path.startsWith('src/')
const isTest = (path: string): boolean => path.startsWith('test/')

const at = ({ path, tree }: Parsed, node: ts.Node, sentence: string): string =>
  `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}: ${sentence}`

const nodesOf = (tree: ts.SourceFile): readonly ts.Node[] => {
  const nodes: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    nodes.push(node)
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return nodes
}

const UNFINISHED = new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME)\\b`)
const MACHINE_PATH = /(?<![\w.:/@-])\/(home|Users|root|work)\/\w|[A-Z]:\\\\?Users/

const textSins = ({ path, text }: Parsed): readonly string[] => {
  const lines = text.split('\n')
  const sins = lines.flatMap((line, index) => {
    const where = `${path}:${index + 1}`
    return [
      ...(line.length > MAX_LINE_WIDTH
        ? [`${where}: ${line.length} wide, ${MAX_LINE_WIDTH} at most`]
        : []),
      ...(UNFINISHED.test(line) ? [`${where}: finish it, or leave it out`] : []),
      ...(MACHINE_PATH.test(line)
        ? [`${where}: names a path of one machine; make it from a relative one`]
        : []),
    ]
  })
  const length = text.endsWith('\n') ? lines.length - 1 : lines.length
  if (length > MAX_FILE_LINES) {
    sins.push(`${path}: ${length} lines, ${MAX_FILE_LINES} at most; a larger file becomes a folder`)
  }
  if (!/^(#!.*\n)?(\/\/|\/\*)/.test(text)) {
    sins.push(`${path}: open it with a comment: what it is and the one thing to know`)
  }
  return sins
}

type Ban = Readonly<{ code: RegExp; home?: string; instead: string }>

/** Matched against single expressions without their white space. */
const BANS: readonly Ban[] = [
  { code: /^Date\.now$/, home: 'src/adapters/system/', instead: 'take a Clock as an option' },
  { code: /^newDate(\(\))?$/, home: 'src/adapters/system/', instead: 'take a Clock as an option' },
  {
    code: /^Math\.random$/,
    home: 'src/adapters/system/',
    instead: 'take an IdGenerator or a seeded source as an option',
  },
  {
    code: /(^|\.)randomUUID$/,
    home: 'src/adapters/system/',
    instead: 'take an IdGenerator as an option',
  },
  {
    code: /^process\.env$/,
    home: 'src/config.ts',
    instead: 'read it in src/config.ts and hand it down',
  },
  {
    code: /^console\.\w+$/,
    instead: 'log through the Logger, or write to process.stdout in src/cli',
  },
]

const bannedCalls = (file: Parsed): readonly string[] => {
  if (!isProduct(file.path)) return []
  return nodesOf(file.tree).flatMap((node) => {
    if (!isNamed(node)) return []
    const code = node.getText(file.tree).replace(/\s+/g, '')
    return BANS.filter((ban) => ban.code.test(code))
      .filter(({ home }) => home === undefined || !file.path.startsWith(home))
      .map(({ instead }) => at(file, node, `${code}: ${instead}`))
  })
}

const isNamed = (node: ts.Node): boolean =>
  ts.isPropertyAccessExpression(node) ||
  (ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0) ||
  (ts.isIdentifier(node) && node.text === 'randomUUID' && ts.isCallExpression(node.parent))

const shapeSins = (file: Parsed): readonly string[] =>
  nodesOf(file.tree).flatMap((node) => {
    const sentence = shapeSin(file.tree, node)
    return sentence === undefined ? [] : [at(file, node, sentence)]
  })

const shapeSin = (tree: ts.SourceFile, node: ts.Node): string | undefined => {
  if (isDefaultExport(node)) return 'a default export has no name to search for; export by name'
  if (ts.isEnumDeclaration(node)) return 'an enum; use a union of literals'
  if (node.kind === ts.SyntaxKind.AnyKeyword) return 'any; use unknown and narrow it'
  if (ts.isClassLike(node) && !extendsError(node))
    return 'a class; use a function that returns a record'
  if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
    const lines = linesOf(tree, node)
    if (lines > MAX_FUNCTION_LINES)
      return `a function of ${lines} lines, ${MAX_FUNCTION_LINES} at most`
  }
  return undefined
}

const isDefaultExport = (node: ts.Node): boolean =>
  ts.isExportAssignment(node) ||
  (ts.isExportSpecifier(node) && node.name.text === 'default') ||
  (ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true)

const extendsError = (node: ts.ClassLikeDeclaration): boolean =>
  node.heritageClauses?.some(({ types }) =>
    types.some(({ expression }) => /(Error|Fault)$/.test(expression.getText())),
  ) ?? false

const linesOf = (tree: ts.SourceFile, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.end).line -
  tree.getLineAndCharacterOfPosition(node.getStart(tree)).line +
  1

const UNRUN = new Set(['skip', 'only', 'todo'])

/** `t.test.skip(...)`, `t.skip(...)`, `it.only(...)`, and the same as an option of a test. */
const testSins = (file: Parsed): readonly string[] => {
  if (!isTest(file.path)) return []
  return nodesOf(file.tree)
    .filter((node) => isUnrunCall(node) || isUnrunOption(node))
    .map((node) => at(file, node, 'a test that does not run, or keeps others from running'))
}

const isUnrunCall = (node: ts.Node): boolean =>
  ts.isCallExpression(node) &&
  ts.isPropertyAccessExpression(node.expression) &&
  UNRUN.has(node.expression.name.text) &&
  /^(t|test|it|describe|suite)(\.\w+)*$/.test(node.expression.expression.getText())

const isUnrunOption = (node: ts.Node): boolean =>
  ts.isPropertyAssignment(node) &&
  UNRUN.has(node.name.getText()) &&
  ts.isCallExpression(node.parent.parent) &&
  /^(t|test|it|describe|suite)(\.\w+)*$/.test(node.parent.parent.expression.getText())
