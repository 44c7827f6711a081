// The opaque form of a place in a list of cases: the list's name and the case that the page ended with. It is no secret
// and no proof; where that case stands is looked up among the tenant's own, and the position itself is told to nobody.
const MAX_CURSOR_CHARACTERS = 500
const ID = /^[\w-]{1,100}$/

export const encodeCaseCursor = (list: string, caseId: string): string =>
  Buffer.from(JSON.stringify([list, caseId])).toString('base64url')

/** The case; undefined for what is not a cursor of this list. */
export const decodeCaseCursor = (list: string, cursor: string): string | undefined => {
  if (cursor.length > MAX_CURSOR_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined
  const parts = parse(Buffer.from(cursor, 'base64url').toString())
  const [name, caseId] = parts ?? []
  if (name !== list || typeof caseId !== 'string') return undefined
  return ID.test(caseId) ? caseId : undefined
}

const parse = (text: string): readonly unknown[] | undefined => {
  try {
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) && parts.length === 2 ? parts : undefined
  } catch {
    return undefined
  }
}
