// pawtrail seed: believable shelters and pets in a tenant, through the same commands that everybody uses.
import { defineCommand } from 'citty'
import { parseCount, parseTenant } from '../arguments.ts'
import { print, printJson } from '../terminal.ts'
import { withTools } from '../with-tools.ts'

const MAX_PETS = 100_000

export const seed = defineCommand({
  meta: { name: 'seed', description: 'Add demo shelters and pets to a tenant' },
  args: {
    tenant: { type: 'string', default: 'shared', valueHint: 'uuid|shared', description: 'Where' },
    pets: { type: 'string', default: '160', valueHint: 'n', description: 'How many pets' },
    json: { type: 'boolean', description: 'Print what was added as JSON' },
  },
  run: async ({ args }) => {
    const tenantId = parseTenant(args.tenant)
    const pets = parseCount(args.pets, 'pets', MAX_PETS)
    const added = await withTools((tools) => tools.seed({ tenantId, pets }))
    await (args.json
      ? printJson({ tenantId, ...added })
      : print(`Added ${added.shelters} shelters and ${added.pets} pets to ${tenantId}.`))
  },
})
