// pawtrail status: how far the log, every read model and every policy are, and which streams are parked.
import { defineCommand } from 'citty'
import { print, printJson, table } from '../terminal.ts'
import type { Status } from '../tools.ts'
import { withTools } from '../with-tools.ts'

export const status = defineCommand({
  meta: {
    name: 'status',
    description: 'Show the head of the log, the read models, the policies and parked streams',
  },
  args: { json: { type: 'boolean', description: 'Print it as JSON' } },
  run: async ({ args }) => {
    const found = await withTools((tools) => tools.status())
    await (args.json ? printJson(found) : print(describe(found)))
  },
})

const describe = ({ head, projections, policies }: Status): string => {
  const rowsOf = (consumers: Status['policies']) =>
    consumers.map(({ name, position, lag, parked }) => [
      name,
      String(position),
      String(lag),
      String(parked.length),
    ])
  const parked = projections.flatMap(({ name, parked }) =>
    parked.map((stream) => [
      name,
      `${stream.category}-${stream.tenantId}.${stream.streamId}`,
      `at ${stream.position}`,
      stream.retryRequested ? 'will be tried again' : `pawtrail replay ${name} to try again`,
    ]),
  )
  const lines = [
    `log head ${head}`,
    '',
    table([['projection', 'position', 'lag', 'parked'], ...rowsOf(projections)]),
    '',
    table([['policy', 'position', 'lag', 'parked'], ...rowsOf(policies)]),
  ]
  return [...lines, ...(parked.length > 0 ? ['', 'parked streams', table(parked)] : [])].join('\n')
}
