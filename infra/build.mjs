// Builds dist/main.js and dist/cli.js from src, when src has changed since the last time.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkNode, ensureInstalled, root } from './install.mjs'

const stampFile = path.join(root, 'dist', '.stamp')

export const ensureBuilt = async () => {
  const stamp = fingerprint()
  if (readStamp() === stamp) return
  const { build } = await import('esbuild')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', cli: 'src/cli/main.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    chunkNames: 'chunk-[hash]',
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  })
  removeFormerChunks(Object.keys(metafile.outputs).map((file) => path.basename(file)))
  writeFileSync(stampFile, stamp) // last: a build that was interrupted is done again
}

const removeFormerChunks = (built) => {
  for (const name of readdirSync(path.dirname(stampFile))) {
    const isFormer = name.startsWith('chunk-') && !built.includes(name)
    if (isFormer) rmSync(path.join(root, 'dist', name), { force: true })
  }
}

const readStamp = () => {
  try {
    return readFileSync(stampFile, 'utf8')
  } catch {
    return undefined
  }
}

const fingerprint = () => {
  const hash = createHash('sha256')
  const sources = readdirSync(path.join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join('src', name))
    .sort()
  for (const file of [...sources, 'package-lock.json', 'infra/build.mjs']) {
    hash.update(`${file}\0`).update(readFileSync(path.join(root, file)))
  }
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode()
  ensureInstalled({ dev: false })
  await ensureBuilt()
}
