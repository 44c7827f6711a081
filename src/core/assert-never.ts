// Ends every switch over a union: a new case that is not handled does not compile, and does not pass silently.
export const assertNever = (value: never): never => {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
