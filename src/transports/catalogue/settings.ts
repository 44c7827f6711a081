// What the catalogue is given: where the server is reached, and which transports it serves. Only those are described.

export type ServedTransport = 'sse' | 'websocket' | 'mqtt' | 'webhooks'

export type CatalogueOptions = Readonly<{
  publicUrl: string // base of links, without a slash at its end
  schemaBase: string // as the feed's: before `/schemas/<type>/<version>` in dataschema
  transports: readonly ServedTransport[]
  mqttUrl?: string // `mqtt://host:port`; that port of MQTT on the public host unless told otherwise
}>

/** How a document describes the parts of itself that are the same for all transports. */
export const API_VERSION = '1.0.0'
