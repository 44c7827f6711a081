// The event catalogue is generated: what is documented is what is declared.
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { aggregates, definitions } from '../../src/events/registry.ts'
import { renderEventCatalogue } from '../support/event-catalogue.ts'

void t.test('docs/events.md lists every event as it is declared', async (t) => {
  const written = await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8')
  t.ok(
    written === (await renderEventCatalogue(aggregates)),
    'it is current; if not, run npm run docs',
  )
  for (const { type } of definitions) t.match(written, `### ${type}\n`)
})

void t.test('the catalogue marks what is personal and what is not public', async (t) => {
  const text = (await renderEventCatalogue(aggregates)).replaceAll(/ +/g, ' ')
  t.match(text, '| `profile.microchipId` | string or null | | |')
  t.match(text, '| `profile.email` | string | | yes |')
  t.match(text, '| `photos[].url` | string, optional | yes | |')
})
