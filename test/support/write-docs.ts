// `npm run docs`: writes docs/events.md, docs/errors.md and the golden file of every event version that
// has none yet.
import { writeFile } from 'node:fs/promises'
import { aggregates, definitions } from '../../src/events/registry.ts'
import { renderErrorCatalogue } from './error-catalogue.ts'
import { renderEventCatalogue } from './event-catalogue.ts'
import { writeMissingGolden } from './golden-events.ts'

const documentOf = (name: string): URL => new URL(`../../docs/${name}`, import.meta.url)

await writeFile(documentOf('events.md'), await renderEventCatalogue(aggregates))
await writeFile(documentOf('errors.md'), await renderErrorCatalogue())
for (const definition of definitions) await writeMissingGolden(definition)
