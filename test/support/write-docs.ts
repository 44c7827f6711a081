// `npm run docs`: writes docs/events.md and the golden file of every event version that has none
// yet.
import { writeFile } from 'node:fs/promises'
import { aggregates, definitions } from '../../src/events/registry.ts'
import { renderEventCatalogue } from './event-catalogue.ts'
import { writeMissingGolden } from './golden-events.ts'

await writeFile(
  new URL('../../docs/events.md', import.meta.url),
  await renderEventCatalogue(aggregates),
)
for (const definition of definitions) await writeMissingGolden(definition)
