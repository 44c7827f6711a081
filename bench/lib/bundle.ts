// A part of a benchmark as the program itself is built (infra/build.mjs): what runs from sources through tsx names every
// closure again each time that it is made, which no program does that is in use.
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The built file. It lies in `dist`, so that it finds the packages. */
export const bundled = async (source: URL): Promise<URL> => {
  const path = fileURLToPath(source)
  const name = `${basename(dirname(path))}-${basename(path, '.ts')}`
  const outfile = join(root, 'dist', 'bench', `${name}.mjs`)
  await build({
    ...{ absWorkingDir: root, entryPoints: [path], outfile, bundle: true, platform: 'node' },
    ...{ target: 'node20.19', format: 'esm', packages: 'external', logLevel: 'warning' },
  })
  return pathToFileURL(outfile)
}
