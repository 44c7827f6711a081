// Of the PostgreSQL that tests share: its data are worth nothing after them. What is to survive a crash is tested on
// servers of its own.
export const TEST_SERVER_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_compression: 'off',
  shared_buffers: '128MB', // dropping a database looks through all of them
} as const
