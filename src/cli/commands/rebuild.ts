// pawtrail rebuild: makes a read model anew from the log, beside the one that goes on answering.
import { defineCommand } from 'citty'
import { CliError } from '../exit.ts'
import { progressBar, progressLine } from '../progress-bar.ts'
import { isTerminal, print, printJson } from '../terminal.ts'
import { requireKnown } from '../projection-name.ts'
import { withTools } from '../with-tools.ts'

export const rebuild = defineCommand({
  meta: {
    name: 'rebuild',
    description: 'Make a read model anew from the log, beside the live one',
  },
  args: {
    projection: {
      type: 'positional',
      required: true,
      description: 'Name of the read model, as status shows it',
    },
    json: {
      type: 'boolean',
      description: 'Print progress, with the seconds left, and result as lines of JSON',
    },
  },
  run: async ({ args }) => {
    const bar = progressBar({
      label: args.projection,
      nowMs: () => performance.now(),
      write: (text) => process.stderr.write(text),
    })
    const startMs = performance.now()
    const outcome = await withTools((tools) =>
      tools.rebuild(args.projection, {
        onProgress: (progress) => {
          if (args.json) void printJson(progressLine(progress, performance.now() - startMs))
          else if (isTerminal()) bar.show(progress)
        },
        signal: interruption(args.projection),
      }),
    )
    if (isTerminal() && !args.json) bar.end()
    const { position, events } = requireKnown(args.projection, outcome)
    await (args.json
      ? printJson({ kind: 'rebuilt', position, events })
      : print(`Rebuilt ${args.projection} from ${events} events, up to position ${position}.`))
  },
})

// The first signal takes back what was begun, so that the next rebuild need not wait; a second one ends the process.
const interruption = (projection: string): AbortSignal => {
  const interrupted = new AbortController()
  const reason = new CliError('interrupted', `Stopped. ${projection} is as it was.`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupted.abort(reason))
  }
  return interrupted.signal
}
