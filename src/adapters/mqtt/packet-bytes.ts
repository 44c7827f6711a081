// How long a PUBLISH at QoS 1 is on the wire: a broker of MQTT 5 says how much it takes, and ends the connection of who
// sends more.
import type { BrokerMessage } from '../../core/mqtt-broker.ts'

const STRING_LENGTH = 2
const PACKET_ID = 2
const FORMAT_INDICATOR = 2
const PROPERTY_NAME = 1

export const packetBytes = (message: BrokerMessage): number => {
  const properties = propertyBytes(message)
  const topic = STRING_LENGTH + Buffer.byteLength(message.topic)
  const rest = topic + PACKET_ID + lengthBytes(properties) + properties + message.payload.length
  return 1 + lengthBytes(rest) + rest
}

const propertyBytes = ({ contentType, userProperties }: BrokerMessage): number =>
  Object.entries(userProperties).reduce(
    (sum, [name, value]) => sum + PROPERTY_NAME + textBytes(name) + textBytes(value),
    FORMAT_INDICATOR + PROPERTY_NAME + textBytes(contentType),
  )

const textBytes = (text: string): number => STRING_LENGTH + Buffer.byteLength(text)

/** Seven bits a byte. */
const lengthBytes = (value: number): number =>
  value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
