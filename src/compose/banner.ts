// What a newcomer sees first: where it is, and lines to copy and paste.
import type { Config } from '../config.ts'
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
    TOKEN=$(npm run -s pawtrail -- token --tenant shared --scopes "read:pets write:pets read:events")
    curl -N ${url}/v1/events/stream -H "authorization: Bearer $TOKEN" &
    curl -i ${url}/v1/pets -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
      -d '{"name":"Luna","species":"CAT","ageMonths":18,"price":"75.00","currency":"USD"}'
`
}
