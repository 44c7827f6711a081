// Passwords as argon2id. One hash takes 19 MiB and some 30 ms of a core, so only a few run at once and
// only so many wait: a burst of logins must not take the machine away from everything else.
import { hash, verify } from '@node-rs/argon2'
import type { PasswordHasher } from '../../core/auth.ts'
import { Fault } from '../../core/fault.ts'

/** OWASP's first choice of parameters. The library's default algorithm is argon2id. */
const COST: HashCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** They share libuv's four threads with files and name look-ups: leave half of them. */
const MAX_RUNNING_HASHES = 2
/** About a second's worth of waiting. */
const MAX_WAITING_HASHES = 64

type HashCost = Readonly<{ memoryCost: number; timeCost: number; parallelism: number }>

export type PasswordHasherOptions = Readonly<{
  cost?: HashCost // less for tests only; what a hash was made with stands in the hash
  maxRunning?: number
  maxWaiting?: number
}>

/** Throws Fault `overloaded` when too many are waiting. */
export const createPasswordHasher = (options: PasswordHasherOptions = {}): PasswordHasher => {
  const gate = createGate(
    options.maxRunning ?? MAX_RUNNING_HASHES,
    options.maxWaiting ?? MAX_WAITING_HASHES,
  )
  const cost = options.cost ?? COST
  return {
    hash: (password) => gate(() => hash(normalized(password), cost)),
    verify: (encoded, password) => gate(() => verify(encoded, normalized(password))),
  }
}

/** Keyboards differ in how they compose the same characters; the password is the same. */
const normalized = (password: string): string => password.normalize('NFKC')

type Gate = <T>(work: () => Promise<T>) => Promise<T>

const createGate = (maxRunning: number, maxWaiting: number): Gate => {
  const waiting: (() => void)[] = []
  let running = 0
  const enter = async (): Promise<void> => {
    if (running < maxRunning) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting) {
      throw new Fault('overloaded', 'too many passwords are waiting to be checked')
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  /** Hands its place to the next in line, so that nobody can slip in between. */
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }
  return async (work) => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
