// HTML as text that is safe by construction: everything put into a template is escaped, unless it came out of one.

export type Html = Readonly<{ html: string }>
type Part = Html | string | number | readonly Part[] | undefined

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const markup = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: texts.map((text, index) => text + rendered(parts[index])).join(''),
})

const rendered = (part: Part): string => {
  if (part === undefined) return ''
  if (typeof part === 'string' || typeof part === 'number') return escaped(String(part))
  return 'html' in part ? part.html : part.map(rendered).join('')
}

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character)

/** Text in which backquotes mark code. */
export const prose = (text: string): Html =>
  markup`${text.split('`').map((each, index) => (index % 2 === 1 ? markup`<code>${each}</code>` : each))}`

/** A name as the id of a place in the page. */
export const anchorOf = (kind: string, name: string): string => `${kind}-${name}`
