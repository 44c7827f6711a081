// Every limit of the MQTT transport by name.

export type MqttLimits = Readonly<{
  connectTimeoutMs: number // to say CONNECT, and to be let in
  watchIntervalMs: number // between two looks at the deadlines of a connection
  packetBytes: number // of one packet that a client sends
  unsentBytes: number // beyond so many a connection is given no other message before it takes some
  clientIdCharacters: number
  filterCharacters: number
  filterLevels: number
  filtersPerPacket: number
  subscriptions: number // of one session
  inFlight: number // QoS 1 messages sent and not acknowledged, less where the client says so
  connections: number
  connectionsPerTenant: number
  connectionsPerPrincipal: number
  connectionsPerAddress: number // without a token
  pendingPerAddress: number // that have not been let in yet
  sessionsPerPrincipal: number // kept for clients that are away
  sessionSeconds: number // a session is kept for at most so long after its client left
  connectedGraceMs: number // a session outlives its server's last sign of life by at least so much
  saveIntervalMs: number
  touchIntervalMs: number // a session that does not change gives a sign of life
  sweepIntervalMs: number
  concurrentSaves: number
  retainedMessages: number // of one subscription's snapshot
  retainedPage: number
  stockDelayMs: number // changes of stock within this time are told as one
  readModelTimeoutMs: number
  passwordSessionMs: number // a password is asked for again after this time
  closeGraceMs: number // for the last packet to leave
}>

const DAY_SECONDS = 86_400

export const MQTT_LIMITS: MqttLimits = {
  connectTimeoutMs: 10_000,
  watchIntervalMs: 250,
  packetBytes: 64 * 1024,
  unsentBytes: 16 * 1024,
  clientIdCharacters: 128,
  filterCharacters: 512,
  filterLevels: 16,
  filtersPerPacket: 32,
  subscriptions: 32,
  inFlight: 32,
  connections: 10_000,
  connectionsPerTenant: 2_000,
  connectionsPerPrincipal: 50,
  connectionsPerAddress: 50,
  pendingPerAddress: 1_000,
  sessionsPerPrincipal: 100,
  sessionSeconds: 365 * DAY_SECONDS,
  connectedGraceMs: 120_000,
  saveIntervalMs: 1_000,
  touchIntervalMs: 20_000,
  sweepIntervalMs: 60_000,
  concurrentSaves: 4,
  retainedMessages: 10_000,
  retainedPage: 100,
  stockDelayMs: 250,
  readModelTimeoutMs: 5_000,
  passwordSessionMs: 3_600_000,
  closeGraceMs: 1_000,
}
