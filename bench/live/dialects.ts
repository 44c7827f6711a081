// What a client says on a bare socket until it is subscribed, in each protocol. No client library: what
// is measured is the server, and a thousand clients must cost this side little.
import mqtt from 'mqtt-packet'

/** Says something, then waits until the answer holds the mark. */
export type Step = Readonly<{ say: Buffer; until: string }>

export type Dialect =
  'websocket' | 'sse' | 'mqtt' | 'mqtt-websocket' | 'bare-websocket' | 'bare-sse' | 'socket.io'

export type Asked = Readonly<{
  dialect: Dialect
  token: string
  tenant: string // `shared`, or the id of another one
  types: string // which events; MQTT has all
  name: string // of the client
}>

export const stepsOf = (asked: Asked): readonly Step[] => STEPS[asked.dialect](asked)

const upgrade = (path: string, protocol?: string): Step => ({
  say: Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      `${protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`}\r\n`,
  ),
  until: 'HTTP/1.1 101',
})

/** A client's frame, masked with zeros: the mask is there, and leaves the text as it is. */
const masked = (bytes: Buffer, opcode: number): Buffer => {
  const length =
    bytes.length < 126 ? [0x80 | bytes.length] : [0x80 | 126, bytes.length >> 8, bytes.length & 255]
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), bytes])
}

const TEXT = 1
const BINARY = 2
const PONG = 10

/** A server that asks whether its clients are still there cuts off those that never say so. */
export const stillHere = (dialect: Dialect): Buffer | undefined =>
  dialect === 'websocket' ? masked(Buffer.alloc(0), PONG) : undefined

const maskedText = (text: string): Buffer => masked(Buffer.from(text), TEXT)
const say = (message: object): Buffer => maskedText(JSON.stringify(message))
const tenantOf = ({ tenant }: Asked): string | undefined =>
  tenant === 'shared' ? undefined : tenant

const mqttSteps = (asked: Asked): readonly Step[] => [
  {
    say: mqtt.generate({
      cmd: 'connect',
      clientId: asked.name,
      protocolVersion: 4,
      protocolId: 'MQTT',
      clean: true,
      keepalive: 0,
      username: 'bench',
      password: Buffer.from(asked.token),
    }),
    until: '\x20\x02\x00\x00',
  },
  {
    say: mqtt.generate({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [
        {
          topic: `${asked.tenant === 'shared' ? '' : `tenants/${asked.tenant}/`}events/#`,
          qos: 0,
        },
      ],
    }),
    until: '\x90\x03\x00\x01\x00',
  },
]

const STEPS: Readonly<Record<Dialect, (asked: Asked) => readonly Step[]>> = {
  websocket: (asked) => [
    upgrade('/v1/events/ws', 'pawtrail.events.v1'),
    {
      say: say({ op: 'auth', token: asked.token, tenant: tenantOf(asked) }),
      until: '"op":"welcome"',
    },
    { say: say({ op: 'sub', id: 1, filter: { types: [asked.types] } }), until: '"op":"subbed"' },
  ],
  sse: (asked) => [
    {
      say: Buffer.from(
        `GET /v1/events/stream?types=${asked.types} HTTP/1.1\r\nHost: bench\r\n` +
          `Authorization: Bearer ${asked.token}\r\n` +
          `${asked.tenant === 'shared' ? '' : `X-Tenant-ID: ${asked.tenant}\r\n`}\r\n`,
      ),
      until: 'event: ready',
    },
  ],
  mqtt: mqttSteps,
  'mqtt-websocket': (asked) => [
    upgrade('/mqtt', 'mqtt'),
    ...mqttSteps(asked).map(({ say, until }) => ({ say: masked(say, BINARY), until })),
  ],
  'bare-websocket': () => [upgrade('/')],
  'bare-sse': () => [
    { say: Buffer.from('GET / HTTP/1.1\r\nHost: bench\r\n\r\n'), until: 'HTTP/1.1 200' },
  ],
  'socket.io': () => [
    { ...upgrade('/socket.io/?EIO=4&transport=websocket'), until: '"sid"' },
    { say: maskedText('40'), until: '40{' },
  ],
}
