// pawtrail serve: the server in the foreground, the same process that npm start runs.
import { defineCommand } from 'citty'

export const serve = defineCommand({
  meta: { name: 'serve', description: 'Run the server until SIGTERM or Ctrl-C' },
  args: {},
  run: async () => {
    await import('../../main.ts')
  },
})
