// The settings: defaults, every kind of bad value with its sentence, and that secrets are not repeated.
import path from 'node:path'
import t from 'tap'
import { loadConfig, type Config, type Environment } from '../src/config.ts'

const load = (environment: Environment): Config => {
  const loaded = loadConfig(environment)
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

const problemsOf = (environment: Environment): readonly string[] => {
  const loaded = loadConfig(environment)
  return loaded.kind === 'refused' ? loaded.problems : []
}

t.test('an empty environment gives the defaults, frozen', async (t) => {
  const config = load({})
  t.strictSame(config, {
    port: 3000,
    host: '127.0.0.1',
    dataDir: path.resolve('.data'),
    databaseUrl: undefined,
    eventStoreUrl: undefined,
    publicUrl: undefined,
    publicReads: true,
    rateLimitPerMinute: 100,
    jwtIssuer: undefined,
    jwtAudience: undefined,
    jwksUrl: undefined,
    seedDemo: true,
    logLevel: 'info',
    appendQueueLimit: 10_000,
    cacheMaxBytes: 67_108_864,
    readyMaxLag: 10_000,
    shutdownGraceMs: 10_000,
    trustProxy: false,
    waitingLists: 'none',
    allowedOrigins: 'same',
    reservationTimeoutMs: 60_000,
    webhooksAllowInsecure: false,
    webhookSecretsKeys: undefined,
    mqttPort: 'default',
    mqttTls: undefined,
    mqttBridge: undefined,
  })
  t.ok(Object.isFrozen(config))
})

t.test(
  'an empty value is the same as none, and unknown names are none of our business',
  async (t) => {
    t.strictSame(load({ PORT: ' ', DATABASE_URL: '', EDITOR: 'vi' }), load({}))
  },
)

t.test('the demo is seeded unless a database of the operator is used, or he says so', async (t) => {
  const DATABASE_URL = 'postgres://me@localhost/pets'
  t.equal(load({ DATABASE_URL }).seedDemo, false)
  t.equal(load({ DATABASE_URL, SEED_DEMO: 'true' }).seedDemo, true)
  t.equal(load({ SEED_DEMO: 'no' }).seedDemo, false)
})

t.test('good values of every kind are taken', async (t) => {
  t.match(
    load({
      PORT: '0',
      HOST: '::',
      DATABASE_URL: 'postgres://me@/pets?host=/run/postgresql',
      EVENT_STORE_URL: 'postgresql://me:secret@db.example.org:5433/log?sslmode=verify-full',
      PUBLIC_URL: 'https://pets.example.org/',
      PUBLIC_READS: 'FALSE',
      RATE_LIMIT_PER_MINUTE: '0',
      JWT_ISSUER: 'https://id.example.org',
      JWT_AUDIENCE: 'pets',
      JWKS_URL: 'https://id.example.org/keys',
      LOG_LEVEL: 'debug',
      TRUST_PROXY: '10.0.0.0/8, ::1',
    }),
    {
      port: 0,
      host: '::',
      publicUrl: 'https://pets.example.org',
      publicReads: false,
      rateLimitPerMinute: 0,
      trustProxy: ['10.0.0.0/8', '::1'],
    },
  )
  t.equal(load({ TRUST_PROXY: '2' }).trustProxy, 2)
  t.equal(load({ WAITING_LISTS: 'all' }).waitingLists, 'all')
  t.strictSame(
    load({ WAITING_LISTS: 'shared, 0199F3A0-7C1E-7A01-8000-00000000000A' }).waitingLists,
    ['shared', '0199f3a0-7c1e-7a01-8000-00000000000a'],
  )
  t.equal(load({ RESERVATION_TIMEOUT_SECONDS: '5' }).reservationTimeoutMs, 5_000)
  t.equal(load({ WEBHOOKS_ALLOW_INSECURE: 'true' }).webhooksAllowInsecure, true)
})

const BAD: readonly (readonly [name: string, value: string, sentence: RegExp])[] = [
  ['PORT', '70000', /^PORT is "70000": expected a whole number from 0 to 65535$/],
  ['PORT', '3e3', /^PORT is "3e3": expected a whole number/],
  ['HOST', 'http://here', /^HOST is not a host name or an address/],
  [
    'DATABASE_URL',
    'mysql://me@db/pets',
    /^DATABASE_URL starts with mysql:\/\/, .* expected postgres:\/\//,
  ],
  ['DATABASE_URL', 'postgres://me@db', /^DATABASE_URL does not name a database/],
  ['DATABASE_URL', 'pets', /^DATABASE_URL is not a URL/],
  [
    'EVENT_STORE_URL',
    'esdb://here:2113',
    /^EVENT_STORE_URL starts with esdb:\/\/, .* PostgreSQL only/,
  ],
  ['PUBLIC_URL', 'ftp://x', /^PUBLIC_URL is not a plain web address/],
  ['PUBLIC_URL', 'https://x/?a=b', /^PUBLIC_URL is not a plain web address/],
  ['PUBLIC_READS', 'maybe', /^PUBLIC_READS is "maybe": expected true or false$/],
  ['RATE_LIMIT_PER_MINUTE', '-1', /^RATE_LIMIT_PER_MINUTE is "-1"/],
  ['SEED_DEMO', '2', /^SEED_DEMO is "2"/],
  ['LOG_LEVEL', 'loud', /^LOG_LEVEL is "loud": expected one of silent, error, warn, info, debug$/],
  ['APPEND_QUEUE_LIMIT', '0', /^APPEND_QUEUE_LIMIT is "0"/],
  ['CACHE_MAX_BYTES', '64MB', /^CACHE_MAX_BYTES is "64MB"/],
  ['READY_MAX_LAG', '1.5', /^READY_MAX_LAG is "1.5"/],
  ['SHUTDOWN_GRACE_MS', '10s', /^SHUTDOWN_GRACE_MS is "10s"/],
  ['TRUST_PROXY', 'true', /^TRUST_PROXY is "true": expected the number of proxies/],
  ['WAITING_LISTS', 'some', /^WAITING_LISTS is "some": expected none, all, or ids of tenants/],
  ['WAITING_LISTS', 'shared,', /^WAITING_LISTS is "shared,"/],
  ['RESERVATION_TIMEOUT_SECONDS', '0', /^RESERVATION_TIMEOUT_SECONDS is "0"/],
  ['WEBHOOKS_ALLOW_INSECURE', 'maybe', /^WEBHOOKS_ALLOW_INSECURE is "maybe": expected true/],
  ['WEBHOOK_SECRETS_KEY', 'c2hvcnQ=', /^WEBHOOK_SECRETS_KEY is not 32 bytes in base64/],
  ['TRUST_PROXY', '10.0.0.0/33', /^TRUST_PROXY is "10\.0\.0\.0\/33"/],
]

for (const [name, value, sentence] of BAD) {
  t.test(`${name}=${value} is refused with a sentence that names it`, async (t) => {
    const problems = problemsOf({ [name]: value })
    t.equal(problems.length, 1)
    t.match(problems[0], sentence)
  })
}

t.test('several bad settings are all named', async (t) => {
  const problems = problemsOf({ PORT: 'x', LOG_LEVEL: 'x', TRUST_PROXY: 'x' })
  t.strictSame(
    problems.map((problem) => problem.split(' ')[0]),
    ['PORT', 'LOG_LEVEL', 'TRUST_PROXY'],
  )
})

t.test('a refused address does not show the password in it', async (t) => {
  for (const name of ['DATABASE_URL', 'EVENT_STORE_URL', 'PUBLIC_URL', 'JWKS_URL']) {
    const problems = problemsOf({ [name]: 'redis://me:hunter2@db/pets' })
    t.equal(problems.length, 1)
    t.notMatch(problems[0], /hunter2/)
  }
})

t.test('an outside identity provider needs its issuer and audience, and safe keys', async (t) => {
  t.strictSame(
    problemsOf({ JWKS_URL: 'https://id.example.org/keys' }).map((problem) => problem.split(' ')[0]),
    ['JWT_ISSUER', 'JWT_AUDIENCE'],
  )
  t.match(problemsOf({ JWKS_URL: 'http://id.example.org/keys' }), [
    /^JWKS_URL is not a safe address/,
  ])
})

t.test(
  'the bridge takes an address with a prefix, tenants and a class, and repeats no password',
  async (t) => {
    const tenant = '0199f3a0-7c1e-7a01-8000-00000000000a'
    t.equal(
      load({ MQTT_BRIDGE_TENANTS: 'all' }).mqttBridge,
      undefined,
      'no bridge without an address',
    )
    t.match(load({ MQTT_BRIDGE_URL: 'mqtt://broker.example.org' }).mqttBridge, {
      url: 'mqtt://broker.example.org',
      prefix: '',
      tenants: ['shared'],
      visibility: 'public',
    })
    const chosen = load({
      MQTT_BRIDGE_URL: 'mqtts://u%40x:p%2Fw@broker.example.org:8884/site/one/',
      MQTT_BRIDGE_TENANTS: `shared, ${tenant}`,
      MQTT_BRIDGE_CLASS: 'staff',
    })
    t.strictSame(chosen.mqttBridge, {
      url: 'mqtts://u%40x:p%2Fw@broker.example.org:8884',
      prefix: 'site/one/',
      tenants: ['shared', tenant],
      visibility: 'staff',
    })
    for (const url of [
      'https://u:hunter2@b',
      'mqtt:hunter2',
      'mqtt://b/x?hunter2',
      'mqtt://b/#hunter2',
      'mqtt://u:hunter2%ff@b',
      'mqtt://b/+/hunter2',
      'mqtt:///hunter2',
    ]) {
      const problems = problemsOf({ MQTT_BRIDGE_URL: url })
      t.match(problems, [/^MQTT_BRIDGE_URL is not the address of an MQTT broker/], url)
      t.notMatch(problems, [/hunter2/])
    }
    t.match(problemsOf({ MQTT_BRIDGE_TENANTS: 'none' }), [/^MQTT_BRIDGE_TENANTS is "none"/])
    t.match(problemsOf({ MQTT_BRIDGE_CLASS: 'private' }), [/^MQTT_BRIDGE_CLASS is "private"/])
  },
)
