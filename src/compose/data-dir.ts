// The folder of everything that is kept: made, and tried, before anything relies on it.
import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { BadSetting, codeOf, reasonOf } from '../config/bad-setting.ts'
import type { Config } from '../config.ts'

export const ensureDataDir = async ({ dataDir }: Pick<Config, 'dataDir'>): Promise<void> => {
  try {
    await makeFolder(dataDir)
    if (!(await stat(dataDir)).isDirectory()) throw new Error('it is not a folder')
    await rmdir(await mkdtemp(path.join(dataDir, '.trial-')))
  } catch (cause) {
    const problem = `${dataDir} cannot be made or written: ${reasonOf(cause)}`
    throw new BadSetting(`DATA_DIR: ${problem}; name another folder`, cause)
  }
}

// Not by `recursive`: where a folder is there and takes none (/proc), Node tries again for ever.
const makeFolder = async (folder: string): Promise<void> => {
  const parent = path.dirname(folder)
  const made = await makeOne(folder)
  if (made === 'made') return
  if (parent === folder) throw made.cause
  await makeFolder(parent)
  const again = await makeOne(folder)
  if (again !== 'made') throw again.cause
}

const makeOne = async (folder: string): Promise<'made' | Readonly<{ cause: unknown }>> => {
  try {
    await mkdir(folder)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return { cause }
    if (codeOf(cause) !== 'EEXIST') throw cause
  }
  return 'made'
}
