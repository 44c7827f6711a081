// How usernames are compared: without case, and without the difference between two ways to write one character.

// No username has them, and the database cannot even look for them: NUL, and half of a surrogate pair.
const IN_NO_USERNAME = /[\u0000\ud800-\udfff]/u
export const mayBeUsername = (text: string): boolean => !IN_NO_USERNAME.test(text)

/** The form in which a username is unique within its tenant. */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase()
