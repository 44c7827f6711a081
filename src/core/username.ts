// How usernames are compared: without case, and without the difference between two ways to write one character.

/** The form in which a username is unique within its tenant. */
export const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase()
