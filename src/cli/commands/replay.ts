// pawtrail replay: asks a read model to try its parked streams again, after what broke them was mended.
import { defineCommand } from 'citty'
import { requireKnown } from '../projection-name.ts'
import { print, printJson } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

export const replay = defineCommand({
  meta: { name: 'replay', description: 'Ask that parked streams of a read model be tried again' },
  args: {
    projection: {
      type: 'positional',
      required: true,
      description: 'Name of the read model, as status shows it',
    },
    stream: { type: 'string', valueHint: 'id', description: 'Only the stream with this id' },
    json: { type: 'boolean', description: 'Print the result as JSON' },
  },
  run: async ({ args }) => {
    const outcome = await withTools((tools) => tools.replayParked(args.projection, args.stream))
    const { streams } = requireKnown(args.projection, outcome)
    await (args.json
      ? printJson({ streams })
      : print(`${streams} parked ${streams === 1 ? 'stream' : 'streams'} will be tried again.`))
  },
})
