// What account requests must look like and what their answers disclose. Answers are closed: a member that is not named
// here, such as a password's hash, cannot leave the server by mistake.
import { z } from 'zod'
import { ignored, ofAnyObject, text } from '../fields.ts'

const MIN_PASSWORD_LENGTH = 8
const MAX_PASSWORD_LENGTH = 128
const MAX_TOKEN_LENGTH = 512

/** No control or invisible characters, and no spaces at its ends: two names that look alike would be two users. */
const username = z
  .string()
  .min(3)
  .max(50)
  .regex(
    /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u,
    'Must not have control characters, or spaces at its ends',
  )

const preferences = z.strictObject({
  newsletter: z.boolean().default(false),
  notifications: z.boolean().default(false),
})

const email = z.email('Must be an e-mail address').max(254)
const phone = z.string().regex(/^\+?[1-9]\d{1,14}$/, 'Must be a phone number such as +12075550142')
const password = z.string().min(MIN_PASSWORD_LENGTH).max(MAX_PASSWORD_LENGTH)

export const registrationBody = z.strictObject({
  username,
  email,
  firstName: text(100),
  lastName: text(100),
  password,
  phone: phone.nullish(),
  preferences: preferences.nullish(),
})
export type Registration = z.output<typeof registrationBody>

/**
 * Of PUT and of PATCH: what is left out stays, as documented for both. Null takes away what need not be known. With
 * what only we set, so that a user that was read can be sent back.
 */
export const userChangesBody = z
  .strictObject({
    username: username.optional(),
    email: email.optional(),
    firstName: text(100).optional(),
    lastName: text(100).optional(),
    phone: phone.nullish(),
    preferences: z
      .strictObject({
        newsletter: z.boolean().optional(),
        notifications: z.boolean().optional(),
      })
      .nullish(),
    password: password.optional(),
    currentPassword: z.string().min(1).max(MAX_PASSWORD_LENGTH).optional(),
    id: ignored,
    tenantId: ignored,
    createdAt: ignored,
    updatedAt: ignored,
  })
  .refine(goesWith('password', 'currentPassword'), needed('currentPassword'))
  .refine(goesWith('currentPassword', 'password'), needed('password'))
export type UserChangesBody = z.output<typeof userChangesBody>

/** Neither password is good for anything without the other. */
function goesWith(given: string, other: string): (body: object) => boolean {
  const members = (body: object): ReadonlyMap<string, unknown> => new Map(Object.entries(body))
  return (body) => members(body).get(given) === undefined || members(body).get(other) !== undefined
}

function needed(field: string) {
  return { error: 'Is required', path: [field], params: { code: 'REQUIRED' }, when: ofAnyObject }
}

export const userAnswer = z.strictObject({
  id: z.string(),
  username: z.string(),
  email: z.string(),
  firstName: z.string(),
  lastName: z.string(),
  phone: z.string().optional(),
  preferences: preferences.optional(),
  tenantId: z.string().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
})
export type UserAnswer = z.output<typeof userAnswer>

/** Not the rules of registration: a wrong password is answered as wrong, whatever it looks like. */
export const signInBody = z.strictObject({
  username: z.string().min(1).max(200),
  password: z.string().min(1).max(MAX_PASSWORD_LENGTH),
})

export const refreshBody = z.strictObject({
  refreshToken: z.string().min(1).max(MAX_TOKEN_LENGTH),
})

/** `token` and `accessToken` are the same: the documents of this API name it both ways. */
export const tokenAnswer = z.strictObject({
  token: z.string(),
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresIn: z.int(), // seconds
  expiresAt: z.string(),
  refreshToken: z.string(),
  user: z.strictObject({ id: z.string(), username: z.string(), email: z.string() }),
})
export type TokenAnswer = z.output<typeof tokenAnswer>

export const userParams = z.strictObject({ id: z.string() })
