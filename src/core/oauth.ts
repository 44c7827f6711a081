// The words of our OAuth 2 authorization server and the port that remembers its clients and what is under way with
// them. Names are the ones of RFC 6749, 7636 (PKCE) and 8628 (devices).
import type { Scope } from './auth.ts'
import type { TenantId } from './ids.ts'

export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE_GRANT,
] as const
export type GrantType = (typeof GRANT_TYPES)[number]

/** A confidential client proves itself by a secret; a public one (an app, a page) cannot keep any. */
export type ClientDefinition = Readonly<{
  name: string
  kind: 'confidential' | 'public'
  grantTypes: readonly GrantType[]
  scopes: readonly Scope[] // what it may ask for at most
  tenants: readonly TenantId[] // where it may act, by itself or for a user
  redirectUris: readonly string[]
}>

export type OAuthClient = ClientDefinition & Readonly<{ id: string; createdAtMs: number }>

/** What a user agreed to: the client may act for this user, with these scopes at most. */
export type Delegation = Readonly<{
  clientId: string
  tenantId: TenantId
  userId: string
  scopes: readonly Scope[]
}>

/** Who agreed. `signInMark`: of the password that was good then; the next one has another. */
export type Agreed = Readonly<{ userId: string; signInMark: string | null }>
export type Consent = Delegation & Agreed

/** `codeChallenge`: of PKCE with S256. */
export type CodeGrant = Consent & Readonly<{ redirectUri: string; codeChallenge: string }>

/** `family`: of the refresh tokens made from the code. */
export type IssuedCode = CodeGrant &
  Readonly<{ family: string; state: 'fresh' | 'used' | 'expired' }>

export type DeviceRequest = Omit<Delegation, 'userId'>
export type DeviceCodes = Readonly<{ deviceCode: string; userCode: string }>

export type DevicePoll =
  | Readonly<{ kind: 'approved'; consent: Consent }>
  | Readonly<{ kind: 'pending' | 'slow_down' | 'denied' | 'expired' | 'unknown' }>

export const CODE_LIFETIME_SECONDS = 60
export const DEVICE_LIFETIME_SECONDS = 600
export const DEVICE_INTERVAL_SECONDS = 5
/** Clients that there can be at all. */
export const MAX_CLIENTS = 1_000

/**
 * Guaranteed: secrets, codes and tokens have 256 random bits, are given out once and kept as hashes only; a user code
 * is short, and good for ten minutes. A code is used by one caller, a device's grant is given to one. An unknown client
 * and a wrong secret take the same work.
 * Not guaranteed: that what ran out is remembered; used codes are for a day.
 */
export interface OAuthStore {
  /** `secret`: null for a public client. Undefined when there are `MAX_CLIENTS` already. */
  createClient(
    definition: ClientDefinition,
  ): Promise<Readonly<{ client: OAuthClient; secret: string | null }> | undefined>
  findClient(clientId: string): Promise<OAuthClient | undefined>
  /** The confidential client of this id and secret. */
  authenticate(clientId: string, secret: string): Promise<OAuthClient | undefined>
  /** Oldest first. */
  listClients(): Promise<readonly OAuthClient[]>
  /** False when there was none. Its codes and refresh tokens are good for nothing without it. */
  removeClient(clientId: string): Promise<boolean>

  createCode(grant: CodeGrant): Promise<string>
  findCode(code: string): Promise<IssuedCode | undefined>
  /** True for the first caller in time, and for no other. */
  useCode(code: string): Promise<boolean>

  startDevice(request: DeviceRequest): Promise<DeviceCodes>
  /** What a device asks for, while it waits for its user. The user code in any case, with or without its hyphen. */
  findDevice(userCode: string): Promise<DeviceRequest | undefined>
  /** `null`: the user refuses. False when the device does not wait any more. */
  answerDevice(userCode: string, by: Agreed | null): Promise<boolean>
  /** `unknown` also for a code of another client and for one that was used. */
  pollDevice(deviceCode: string, clientId: string): Promise<DevicePoll>
}

/** Consonants only: nothing that spells, nothing that looks like a digit (RFC 8628, section 6.1). */
export const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
export const USER_CODE_LENGTH = 8

/** Eight letters of random bytes without favouring any; undefined when too many of the bytes were of no use. */
export const userCodeOf = (bytes: Uint8Array): string | undefined => {
  const fair = 256 - (256 % USER_CODE_LETTERS.length)
  const letters = [...bytes]
    .filter((byte) => byte < fair)
    .map((byte) => USER_CODE_LETTERS.charAt(byte % USER_CODE_LETTERS.length))
    .slice(0, USER_CODE_LENGTH)
  if (letters.length < USER_CODE_LENGTH) return undefined
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}

/** What people make of a user code when they type it: its letters are what counts. */
export const userCodeKey = (typed: string): string =>
  typed
    .slice(0, 64)
    .toUpperCase()
    .replace(/[^A-Z]/g, '')
