// npm run lint: types and lint in one pass. The rules ask about the types in the compiler's own program, which has
// them already; by themselves they would read and check everything once more.
import { ESLint } from 'eslint'
import ts from 'typescript'
import { root } from './install.mjs'

const CONFIG = ts.findConfigFile(root, ts.sys.fileExists)
const HOST = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
}

const programOf = (config) => {
  const { fileNames: rootNames, options } = config
  return ts.createProgram({
    ...{ rootNames, options },
    host: ts.createCompilerHost(options, true), // the rules look from a node to its parent
    configFileParsingDiagnostics: ts.getConfigFileParsingDiagnostics(config),
  })
}

/** Gives what the compiler has to say, '' when nothing. */
const typeFaults = (program) =>
  ts.formatDiagnosticsWithColorAndContext(ts.getPreEmitDiagnostics(program), HOST)

/** The same for the rules. A file that is not in the program is a fault, and so is a warning. */
const ruleFaults = async (program) => {
  const parserOptions = { projectService: false, programs: [program] }
  const eslint = new ESLint({
    cwd: root,
    overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions } },
  })
  const formatter = await eslint.loadFormatter('stylish')
  return formatter.format(await eslint.lintFiles('.'))
}

const config = ts.getParsedCommandLineOfConfigFile(CONFIG, undefined, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
    throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'))
  },
})
const program = programOf(config)
const faults = typeFaults(program) + (await ruleFaults(program))
process.stdout.write(faults)
process.exitCode = faults === '' ? 0 : 1
