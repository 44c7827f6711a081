// A process of its own that runs an embedded PostgreSQL until it is killed; prints the address once it answers.
import { startEmbeddedPostgres } from '../../../src/adapters/embedded-postgres/server.ts'
import { silentLogger } from '../../../src/core/logger.ts'

const dataDir = process.argv[2]
if (dataDir === undefined) throw new Error('the data folder is missing')
const settings = { shared_buffers: '128MB' }
const server = await startEmbeddedPostgres({ dataDir, logger: silentLogger, settings })
process.stdout.write(`${server.url}\n`)
setInterval(() => {}, 60_000)
