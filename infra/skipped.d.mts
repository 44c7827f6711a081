export const skippedIn: (results: string) => readonly string[]
