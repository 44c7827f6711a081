// The part of AsyncAPI 3 that the document uses.
import type { JsonObject } from '../../../core/json.ts'

export type Reference = Readonly<{ $ref: string }>

export type Message = Readonly<{
  name: string
  title: string
  summary: string
  contentType: string
  headers?: JsonObject
  payload: JsonObject
  examples: readonly Readonly<{ name: string; summary?: string; payload: JsonObject }>[]
  tags?: readonly Readonly<{ name: string }>[]
  /** Of events: paths in data that hold personal data. */
  'x-personal'?: readonly string[]
}>

export type Channel = Readonly<{
  address: string | null
  title: string
  description: string
  servers: readonly Reference[]
  messages: Readonly<Record<string, Reference>>
  parameters?: Readonly<Record<string, Readonly<{ description: string; enum?: readonly string[] }>>>
  bindings?: JsonObject
}>

export type Operation = Readonly<{
  action: 'send' | 'receive'
  channel: Reference
  title: string
  summary: string
  messages: readonly Reference[]
  security?: readonly Reference[]
  bindings?: JsonObject
}>

export type Server = Readonly<{
  host: string
  pathname?: string
  protocol: string
  protocolVersion?: string
  title: string
  description: string
  security?: readonly Reference[]
  variables?: JsonObject
  bindings?: JsonObject
}>

/** What one transport adds to the document. */
export type Part = Readonly<{
  servers: Readonly<Record<string, Server>>
  channels: Readonly<Record<string, Channel>>
  operations: Readonly<Record<string, Operation>>
  messages: Readonly<Record<string, Message>>
  securitySchemes: Readonly<Record<string, JsonObject>>
}>

export type AsyncApiDocument = Readonly<{
  asyncapi: '3.0.0'
  id: string
  info: Readonly<{ title: string; version: string; description: string }> & JsonObject
  defaultContentType: string
  servers: Readonly<Record<string, Server>>
  channels: Readonly<Record<string, Channel>>
  operations: Readonly<Record<string, Operation>>
  components: Readonly<{
    schemas: Readonly<Record<string, JsonObject>>
    messages: Readonly<Record<string, Message>>
    securitySchemes: Readonly<Record<string, JsonObject>>
  }>
}>

const reference =
  (place: string) =>
  (name: string): Reference => ({ $ref: `#/${place}/${name}` })

export const serverRef = reference('servers')
export const channelRef = reference('channels')
export const messageRef = reference('components/messages')
export const schemaRef = reference('components/schemas')
export const securityRef = reference('components/securitySchemes')

/** The messages of a channel, each under its own name. */
export const channelMessages = (names: readonly string[]): Readonly<Record<string, Reference>> =>
  Object.fromEntries(names.map((name) => [name, messageRef(name)]))

/** An operation names its messages by way of its channel. */
export const operationMessages = (channel: string, names: readonly string[]): Reference[] =>
  names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }))
