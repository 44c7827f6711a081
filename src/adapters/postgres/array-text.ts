// Arrays as PostgreSQL's own text. The driver writes them too, element by element through two regular expressions;
// where a page of events becomes thirty columns that is a good part of the whole cost.

/** The text of an array of plain values; undefined for one that holds anything else, which is the driver's to write. */
export const arrayText = (values: readonly unknown[]): string | undefined => {
  let text = ''
  for (const value of values) {
    const element = elementText(value)
    if (element === undefined) return undefined
    text += text === '' ? element : `,${element}`
  }
  return `{${text}}`
}

const SPECIAL = /["\\]/
// JSON escapes quotes and backslashes as arrays do, natively and many times faster; these it writes in ways of its own.
const UNLIKE_JSON = /[\p{Cc}\p{Cs}]/u

const quoted = (text: string): string => {
  if (!SPECIAL.test(text)) return `"${text}"`
  if (!UNLIKE_JSON.test(text)) return JSON.stringify(text)
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

const elementText = (value: unknown): string | undefined => {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return value === null || value === undefined ? 'NULL' : undefined
  }
}
