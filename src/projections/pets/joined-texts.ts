// Long texts of many rows as one parameter. An array's text would have each quote escaped here and read character by
// character there, and these texts are full of quotes; a character that none of them can hold parts them for nothing.

// JSON text never has a raw control character; the place of the public address in photos is another one.
const SEPARATOR = '\u0002'

/** Of one text or more. */
export const joinTexts = (texts: readonly string[]): string => texts.join(SEPARATOR)

/** The same texts, as an array in SQL. */
export const splitTexts = (parameter: number): string =>
  `string_to_array($${parameter}::text, chr(2))`
