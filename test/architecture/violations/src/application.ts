// A neighbour for the others to import; nothing is wrong with it.
export const name = 'neighbour'
export type Name = typeof name
