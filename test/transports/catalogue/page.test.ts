// The page of the AsyncAPI document: all of it is there, nothing of it comes from elsewhere, and it needs no scripts.
import { createHash } from 'node:crypto'
import t from 'tap'
import { asyncApiDocument } from '../../../src/transports/catalogue/asyncapi/document.ts'
import { asyncApiPage, PAGE_POLICY } from '../../../src/transports/catalogue/page/page.ts'
import { fieldsOf } from '../../../src/transports/catalogue/page/fields.ts'
import { markup, prose } from '../../../src/transports/catalogue/page/html.ts'

const document = asyncApiDocument({
  publicUrl: 'https://pets.test',
  schemaBase: 'https://schemas.test',
  transports: ['sse', 'websocket', 'mqtt', 'webhooks'],
})
const page = asyncApiPage(document)
const anchors = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))

t.test('every server, channel and message has a place of its own on the page', async (t) => {
  for (const name of Object.keys(document.servers)) t.ok(anchors.has(`server-${name}`), name)
  for (const [name, { address, title }] of Object.entries(document.channels)) {
    t.ok(anchors.has(`channel-${name}`), name)
    t.match(page, `<h3><code>${address ?? title}</code></h3>`)
  }
  for (const name of Object.keys(document.components.messages)) {
    t.ok(anchors.has(`message-${name}`), name)
  }
  const all = [...page.matchAll(/ id="([^"]+)"/g)]
  t.equal(all.length, anchors.size, 'and no place is there twice')
})

t.test('every link leads to a place of the page, or to another page of this server', async (t) => {
  const links = [...page.matchAll(/ (?:href|src|action|srcset)="([^"]+)"/g)].map(([, to]) => to)
  t.ok(links.length > 50)
  for (const to of links) {
    if (to?.startsWith('#') === true) t.ok(anchors.has(to.slice(1)), to)
    else t.match(to, /^\/v1\/[a-z.-]+$/)
  }
  t.notMatch(page, /@import|url\(|<(script|link|img|iframe|object|base)\b| on[a-z]+=/)
})

t.test('the policy lets the style of the page through, and nothing else', async (t) => {
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(page) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  t.match(PAGE_POLICY, `style-src 'sha256-${hash}'`)
  t.match(PAGE_POLICY, "default-src 'none'")
  t.notMatch(PAGE_POLICY, /script|unsafe|https?:/)
  t.notMatch(page, / style="/)
})

t.test('members of data are listed with who sees them', async (t) => {
  const section = /<article id="message-pet\.adopted">[^]*?<\/article>/.exec(page)?.[0] ?? ''
  const rows = [...section.matchAll(/<tr>\s*<td><code>([^<]+)<\/code>[^]*?<\/tr>/g)]
  const row = (name: string) =>
    rows.find(([, path]) => path === name)?.[0].match(/<td>(yes|)<\/td>/g)
  t.strictSame(row('status'), ['<td>yes</td>', '<td></td>'])
  t.strictSame(row('adopterId'), ['<td></td>', '<td>yes</td>'])
  t.strictSame(row('cause.kind'), ['<td></td>', '<td></td>'])
  const order = /<article id="message-order\.placed">[^]*?<\/article>/.exec(page)?.[0] ?? ''
  t.match(order, 'The public does not learn of it.')
})

t.test('what is put into the page is text, whatever it looks like', async (t) => {
  t.equal(markup`<p>${'<b>"&\''}</p>`.html, '<p>&lt;b&gt;&quot;&amp;&#39;</p>')
  t.equal(prose('a `<b>` c').html, 'a <code>&lt;b&gt;</code> c')
})

t.test('a schema is read through references, lists and alternatives', async (t) => {
  const schema = {
    type: 'object',
    required: ['a'],
    properties: {
      a: { $ref: '#/components/schemas/Inner' },
      b: { type: 'array', items: { type: 'object', properties: { c: { const: 1 } } } },
    },
  }
  const inner = {
    anyOf: [{ type: 'null' }, { type: 'object', properties: { d: { enum: [1, 2] } } }],
  }
  const fields = fieldsOf(schema, (name) => (name === 'Inner' ? inner : undefined))
  t.strictSame(
    fields.map(({ path, type, isRequired }) => [path, type, isRequired]),
    [
      ['a', 'null or object', true],
      ['a.d', '1, 2', false],
      ['b', 'list of object', false],
      ['b[].c', '1', false],
    ],
  )
})
