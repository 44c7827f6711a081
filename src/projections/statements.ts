// Names for statements whose text is put together from fixed pieces: the same text has the same name, so that each
// connection prepares it once. Only so many shapes are named, because each one stays in every connection's memory.
import { createHash } from 'node:crypto'
import type { Statement } from '../core/sql.ts'

const MAX_NAMED_STATEMENTS = 300
const named = new Map<string, Statement>()

export const statementFor = (text: string): Statement | string => {
  const known = named.get(text)
  if (known !== undefined) return known
  if (named.size >= MAX_NAMED_STATEMENTS) return text
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  const statement = { name: `read_${hash}`, text }
  named.set(text, statement)
  return statement
}
