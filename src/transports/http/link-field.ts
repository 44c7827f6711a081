// The Link field (RFC 8288) of a list. Each link repeats what was asked, and so the field has a limit.

/** Clients and proxies take 8 to 16 KiB for all fields of an answer. */
const MAX_FIELD_CHARACTERS = 4_096

/** In the order in which readers miss them. */
const RELATIONS = ['next', 'prev', 'first', 'last', 'self'] as const
export type PageLinks = Readonly<Partial<Record<(typeof RELATIONS)[number], string | null>>>

/** As many of the links as the field has room for: none at all is an empty record. */
export const linkField = (links: PageLinks): Readonly<{ link?: string }> => {
  const shown: string[] = []
  let length = 0
  for (const relation of RELATIONS) {
    const href = links[relation] ?? null
    if (href === null) continue
    const text = `<${href}>; rel="${relation}"`
    if (length + text.length > MAX_FIELD_CHARACTERS) continue
    length += text.length + 2
    shown.push(text)
  }
  return shown.length === 0 ? {} : { link: shown.join(', ') }
}
