// The settings of MQTT: our own server, and the bridge to a broker of somebody else.
import path from 'node:path'
import { z } from 'zod'
import { SHARED_TENANT, type TenantId, tenantIdSchema } from '../core/ids.ts'

export type MqttConfig = Readonly<{
  mqttPort: number | 'default' | 'off' // default: 1883, or 8883 with TLS, if nobody else has it
  mqttTls: Readonly<{ certFile: string; keyFile: string }> | undefined
  mqttBridge: MqttBridgeConfig | undefined
}>

export type MqttBridgeConfig = Readonly<{
  url: string // without a path; may hold a password
  prefix: string // before every topic: empty, or with a slash at its end
  tenants: 'all' | readonly TenantId[]
  visibility: 'public' | 'staff'
}>

export const MQTT_SETTINGS = [
  {
    name: 'MQTT_PORT',
    default: '(1883, with TLS 8883)',
    meaning: 'Port of the MQTT server at HOST; 0 takes any free one, `off` has none',
  },
  {
    name: 'MQTT_TLS_CERT',
    default: '(no TLS)',
    meaning: 'File with the certificate of the MQTT server, PEM; needs MQTT_TLS_KEY',
  },
  { name: 'MQTT_TLS_KEY', default: '(no TLS)', meaning: 'File with its private key, PEM' },
  {
    name: 'MQTT_BRIDGE_URL',
    default: '(no bridge)',
    meaning:
      'Another MQTT broker to which events are published: `mqtts://user:password@host/prefix`, ' +
      'the path before every topic',
  },
  {
    name: 'MQTT_BRIDGE_TENANTS',
    default: 'shared',
    meaning:
      'Tenants whose events are published there: all, or their ids (`shared` for the shared pool) ' +
      'separated by commas',
  },
  {
    name: 'MQTT_BRIDGE_CLASS',
    default: 'public',
    meaning: 'What of them: public, or staff for everything, personal data too',
  },
] as const

const MAX_PORT = 65_535

const mqttPort = (text: string, context: z.RefinementCtx): number | 'default' | 'off' => {
  if (text === 'default' || text === 'off') return text
  const port = /^\d+$/.test(text) ? Number(text) : NaN
  if (port <= MAX_PORT) return port
  context.addIssue(`is "${text}": expected a port from 0 to ${MAX_PORT}, or off`)
  return z.NEVER
}

// The value may hold a password: nothing of it is repeated.
const bridgeUrl = (text: string, context: z.RefinementCtx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url !== undefined && /^mqtts?:$/.test(url.protocol) && url.hostname !== ''
  const path = url?.pathname.replaceAll(/^\/+|\/+$/g, '') ?? ''
  const isTopic = !/[+#%]|^\$/.test(path)
  if (isPlain && url.search === '' && url.hash === '' && isTopic && areDecodable(url)) {
    url.pathname = ''
    return { url: url.href, prefix: path === '' ? '' : `${path}/` }
  }
  context.addIssue(
    'is not the address of an MQTT broker: expected mqtts://user:password@host:port/prefix, ' +
      'without query or fragment and with no + # % in the prefix',
  )
  return z.NEVER
}

const areDecodable = ({ username, password }: URL): boolean => {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

const bridgeTenants = (text: string, context: z.RefinementCtx): 'all' | readonly TenantId[] => {
  if (text === 'all') return text
  const tenants = text.split(',').map((id) => tenantIdSchema.safeParse(id.trim()))
  const known = tenants.flatMap(({ data }) => (data === undefined ? [] : [data]))
  if (known.length === tenants.length) return [...new Set(known)]
  context.addIssue(
    `is "${text}": expected all, or ids of tenants separated by commas, shared for the shared pool`,
  )
  return z.NEVER
}

export const mqttSchemas = {
  MQTT_PORT: z.string().default('default').transform(mqttPort),
  MQTT_TLS_CERT: z.string().optional(),
  MQTT_TLS_KEY: z.string().optional(),
  MQTT_BRIDGE_URL: z.string().transform(bridgeUrl).optional(),
  MQTT_BRIDGE_TENANTS: z.string().default(SHARED_TENANT).transform(bridgeTenants),
  MQTT_BRIDGE_CLASS: z
    .enum(['public', 'staff'], {
      error: (issue) => `is "${String(issue.input)}": expected public or staff`,
    })
    .default('public'),
}

type ParsedMqtt = z.output<z.ZodObject<typeof mqttSchemas>>

export const mqttContradictions = ({
  MQTT_TLS_CERT: cert,
  MQTT_TLS_KEY: key,
}: ParsedMqtt): readonly string[] =>
  (cert === undefined) === (key === undefined)
    ? []
    : ['MQTT_TLS_CERT and MQTT_TLS_KEY are set together, or neither']

export const toMqttConfig = (settings: ParsedMqtt): MqttConfig => {
  const { MQTT_BRIDGE_URL: bridge, MQTT_TLS_CERT: cert, MQTT_TLS_KEY: key } = settings
  return {
    mqttPort: settings.MQTT_PORT,
    mqttTls:
      cert === undefined || key === undefined
        ? undefined
        : { certFile: path.resolve(cert), keyFile: path.resolve(key) },
    mqttBridge: bridge && {
      ...bridge,
      tenants: settings.MQTT_BRIDGE_TENANTS,
      visibility: settings.MQTT_BRIDGE_CLASS,
    },
  }
}
