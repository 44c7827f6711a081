// What the embedded server is told at every start, on its command line: a newer build's settings hold for old data too.

import { totalmem } from 'node:os'

const MIB = 1_048_576
const memoryMib = (): number => {
  const allowed = process.constrainedMemory() // 0 or absurdly much where nothing constrains
  const total = totalmem()
  return Math.floor((allowed > 0 && allowed < total ? allowed : total) / MIB)
}

/**
 * A quarter of the memory: the pets that searches look at stay in it, a million of them in about 3 GiB. Nothing is
 * taken before there is data to fill it, and the operating system keeps the rest.
 */
const sharedBuffersMib = Math.min(8_192, Math.max(128, Math.floor(memoryMib() / 4)))

/** Sized for a small machine, and safe: an answered commit survives a crash of the process and of the machine. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '', // the unix socket only
  unix_socket_permissions: '0700',
  port: '5432', // names the socket file
  max_connections: '100',
  shared_buffers: `${sharedBuffersMib}MB`,
  effective_cache_size: `${Math.max(512, Math.floor(memoryMib() / 2))}MB`,
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'minimal', // nothing reads the write-ahead log but recovery
  max_wal_senders: '0',
  wal_compression: 'pglz',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off', // the statements are short; compiling them costs more than it saves
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  // Refused statements are the program's own affair, and their text and details may hold personal data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
}
