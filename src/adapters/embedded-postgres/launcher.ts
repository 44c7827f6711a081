// Starts a PostgreSQL program under an identity that it accepts (it refuses uid 0), tied to the life of this process
// where the system can do that, so that a killed parent leaves no server behind.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { access, chown, constants, lchown, lstat, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

export type Launcher = Readonly<{
  /** The owner that the program's files must have, as this process sees it. */
  ownerId: number | undefined
  spawn: (program: string, args: readonly string[]) => ChildProcess
  /** Makes a folder usable by the program, and says plainly when that cannot be done. */
  claim: (folder: string) => Promise<void>
}>

const NOBODY = 65_534
const PROBE_TIMEOUT_MS = 5_000
const TOOL_FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']
// Nothing of our own environment: PG* variables would change what the programs do.
const ENVIRONMENT = { PATH: TOOL_FOLDERS.join(':'), LC_ALL: 'C', TZ: 'UTC' }

const run = promisify(execFile)

export const chooseLauncher = async (programs: readonly string[]): Promise<Launcher> => {
  const lifeline = await prefixThatWorks('setpriv', ['--pdeathsig', 'INT'])
  const ownUid = process.getuid?.()
  if (ownUid !== 0) return prefixed(lifeline, ownUid)
  // First choice for root: a user namespace in which root is nobody. No file changes hands, every path stays reachable.
  const namespace = await prefixThatWorks('unshare', [
    '--user',
    `--map-user=${NOBODY}`,
    `--map-group=${NOBODY}`,
  ])
  if (namespace.length > 0) return prefixed([...namespace, ...lifeline], 0)
  for (const program of programs) await assertReachable(program)
  return asNobody(lifeline)
}

const prefixed = (prefix: readonly string[], ownerId: number | undefined): Launcher => ({
  ownerId,
  spawn: (program, args) => spawnWith([...prefix, program, ...args], {}),
  claim: (folder) => (ownerId === 0 ? changeOwner(folder, 0) : Promise.resolve()),
})

const asNobody = (lifeline: readonly string[]): Launcher => ({
  ownerId: NOBODY,
  spawn: (program, args) =>
    spawnWith([...lifeline, program, ...args], { uid: NOBODY, gid: NOBODY }),
  claim: async (folder) => {
    await assertReachable(folder)
    await changeOwner(folder, NOBODY)
  },
})

// Detached: a Ctrl-C in the terminal reaches this process only, which then stops the server after its own work.
const spawnWith = (
  command: readonly string[],
  identity: Readonly<{ uid?: number; gid?: number }>,
): ChildProcess => {
  const [program = '', ...args] = command
  return spawn(program, args, {
    ...identity,
    env: ENVIRONMENT,
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** The command and its arguments when `<tool> <args> true` succeeds here, otherwise nothing. */
const prefixThatWorks = async (
  tool: string,
  args: readonly string[],
): Promise<readonly string[]> => {
  const program = await findTool(tool)
  if (program === undefined) return []
  try {
    await run(program, [...args, 'true'], { env: ENVIRONMENT, timeout: PROBE_TIMEOUT_MS })
    return [program, ...args]
  } catch {
    return []
  }
}

const findTool = async (tool: string): Promise<string | undefined> => {
  for (const folder of TOOL_FOLDERS) {
    const file = path.join(folder, tool)
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return file
  }
  return undefined
}

// Another user gets to a file only when every folder above it lets others through.
const assertReachable = async (file: string): Promise<void> => {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const { mode } = await stat(folder)
    if ((mode & 0o001) === 0) {
      throw new Error(
        `PostgreSQL does not run as root, and ${folder} is closed to other users: start as an ordinary user, ` +
          'allow user namespaces, or set DATABASE_URL',
      )
    }
    if (folder === path.dirname(folder)) return
  }
}

const changeOwner = async (folder: string, ownerId: number): Promise<void> => {
  const { uid } = await lstat(folder)
  if (uid === ownerId) return
  const entries = await readdir(folder, { recursive: true })
  for (const entry of entries) await lchown(path.join(folder, entry), ownerId, ownerId)
  await chown(folder, ownerId, ownerId)
}
