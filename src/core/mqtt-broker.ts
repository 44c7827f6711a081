// The port to an MQTT broker of somebody else, to which messages are published.

export type BrokerMessage = Readonly<{
  topic: string
  payload: Buffer // empty: what was retained on this topic is gone
  retain: boolean
  contentType: string
  userProperties: Readonly<Record<string, string>>
}>

/** `too_large`: the broker has said that it takes no message of this size; it was not sent. */
export type BrokerOutcome = 'taken' | 'too_large'

export type BrokerConnection = Readonly<{
  /** So many messages may be sent before the first of them was answered. */
  inFlight: number
  publish: (message: BrokerMessage) => Promise<BrokerOutcome>
  close: () => Promise<void>
}>

/**
 * Guaranteed:
 * - messages of a connection reach the broker in the order in which they were given, each at QoS 1;
 * - `publish` resolves when the broker has taken the message, and rejects when it refused it, did not answer in time
 *   or was lost; after the first of these nothing more is sent on this connection;
 * - a connection that is made ends the one before it, of another process too;
 * - no error repeats a credential.
 *
 * Not guaranteed: that a message whose `publish` rejected was not taken.
 */
export interface MqttBroker {
  readonly name: string // where it is, for people
  /** Rejects when it is not to be had, in time or at all. */
  connect(signal: AbortSignal): Promise<BrokerConnection>
}
