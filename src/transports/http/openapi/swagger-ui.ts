// Swagger UI from the installed package: a page of our own and four files of the package, nothing from elsewhere.
import { createRequire } from 'node:module'
import path from 'node:path'
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import type { RouteDoc } from '../route-doc.ts'

const FILES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui-standalone-preset.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const

// Swagger UI writes style attributes; scripts come from here alone, and requests go nowhere else.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Pawtrail API</title>
    <link rel="icon" href="/v1/swagger-ui/favicon-32x32.png">
    <link rel="stylesheet" href="/v1/swagger-ui/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/v1/swagger-ui/swagger-ui-bundle.js"></script>
    <script src="/v1/swagger-ui/swagger-ui-standalone-preset.js"></script>
    <script src="/v1/swagger-ui/start.js"></script>
  </body>
</html>
`

const START = `window.ui = SwaggerUIBundle({
  urls: [
    { url: '/v1/openapi.json', name: 'Pawtrail /v1 (OpenAPI 3.2)' },
    { url: '/v1/openapi-3.1.json', name: 'Pawtrail /v1 (OpenAPI 3.1)' },
    { url: '/classic/openapi.json', name: 'Classic profile' },
  ],
  dom_id: '#swagger-ui',
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
})
`

const MAX_AGE = 'public, max-age=3600'

export const installSwaggerUi = (app: FastifyInstance): void => {
  const doc: RouteDoc = {
    summary: 'Swagger UI',
    security: 'public',
    tags: ['documents'],
    responseContent: { 200: { 'text/html': { schema: { type: 'string' } } } },
  }
  const config = { isOpen: true, doc } as const
  app.get('/v1/swagger-ui.html', { config }, (_request, reply) =>
    reply
      .headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache' })
      .type(HTML)
      .send(PAGE),
  )
  const hidden = { config: { isOpen: true }, schema: { hide: true } } as const
  app.get('/v1/swagger-ui/start.js', hidden, (_request, reply) =>
    reply.header('cache-control', 'no-cache').type(FILES['swagger-ui-bundle.js']).send(START),
  )
  for (const [name, type] of Object.entries(FILES)) {
    app.get(`/v1/swagger-ui/${name}`, hidden, async (_request, reply) =>
      reply
        .header('cache-control', MAX_AGE)
        .type(type)
        .send(await readFile(fileOf(name))),
    )
  }
}

const HTML = 'text/html; charset=utf-8'

const fileOf = (name: string): string => {
  const main = createRequire(import.meta.url).resolve('@fastify/swagger-ui')
  return path.join(path.dirname(main), 'static', name)
}
