// What a newcomer sees first: where it is, and lines to copy and paste.
import path from 'node:path'
import { type Config, SETTINGS } from '../config.ts'
import { DEMO_TENANT } from '../demo/demo.ts'

export const banner = (config: Config, url: string, mqtt: string): string => {
  const tenant = config.seedDemo ? ` -H 'x-tenant-id: ${DEMO_TENANT}'` : ''
  const kept =
    config.databaseUrl === undefined
      ? `embedded PostgreSQL in ${config.dataDir}`
      : 'PostgreSQL of DATABASE_URL'
  return `
  Pawtrail is ready at ${url}   (${kept})

    API      ${url}/v1/swagger-ui.html
    pets     ${url}/v1/pets   classic: ${url}/pets
    events   ${url}/v1/events
    mqtt     ${mqtt}
    health   ${url}/readyz   ${url}/metrics

  Try:
    curl '${url}/v1/pets?species=CAT&limit=2'
    curl '${url}/v1/pets?q=labrodor&facets=size'${tenant}
    ${tokenLine(config)}
    curl -N ${url}/v1/events/stream -H "authorization: Bearer $TOKEN" &
    curl -i ${url}/v1/pets -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
      -d '{"name":"Luna","species":"CAT","ageMonths":18,"price":"75.00","currency":"USD"}'
`
}

/** Signs with this installation's key, wherever the line is pasted: what is not as usual goes with it. */
const tokenLine = ({ jwksUrl, dataDir, jwtIssuer, jwtAudience }: Config): string => {
  if (jwksUrl !== undefined)
    return 'TOKEN=...   # from the identity provider that JWKS_URL belongs to'
  const usual = SETTINGS.find(({ name }) => name === 'DATA_DIR')?.default ?? ''
  const settings = {
    DATA_DIR: dataDir === path.resolve(usual) ? undefined : dataDir,
    JWT_ISSUER: jwtIssuer,
    JWT_AUDIENCE: jwtAudience,
  }
  const given = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoted(value)} `],
  )
  const command = 'npm run -s pawtrail -- token --tenant shared'
  return `TOKEN=$(${given.join('')}${command} --scopes "read:pets write:pets read:events")`
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
