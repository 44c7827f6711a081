// The published documents, made of the routes that are served and of the schemas that check their requests.
import type { JsonObject } from '../../../core/json.ts'
import { PROBLEM_TYPE_BASE } from '../problem.ts'
import type { DocumentedRoute } from './collect.ts'
import { createComponents } from './components.ts'
import { operationOf } from './operation.ts'
import {
  HEADERS,
  PARAMETERS,
  problemResponses,
  problemSchema,
  securitySchemes,
} from './shared-parts.ts'
import { eventWebhooks } from './webhooks.ts'

export type DocumentOptions = Readonly<{
  publicUrl: string
  version: string
  routes: readonly DocumentedRoute[]
  hasOAuth: boolean // false: tokens come from an outside identity provider
}>

const TAGS: Readonly<Record<string, string>> = {
  pets: 'Pets: search, intake, changes, photos, history.',
  shelters: 'The sites of a tenant.',
  inventory: 'How many pets there are.',
  orders: 'Buying a pet: order, payment, receipt.',
  adoptions: 'Adopting a pet: application, review, completion. Our own extension.',
  users: 'Accounts of people.',
  auth: 'Signing in.',
  events: 'What happens, as it happens.',
  webhooks: 'Addresses that events are sent to, and what they get.',
  operating: 'For who runs the server.',
  documents: 'This description.',
}

/** OpenAPI 3.2 of `/v1`, of signing in and of what is for operating. */
export const modernDocument = (options: DocumentOptions): JsonObject => {
  const { publicUrl, version, routes, hasOAuth } = options
  const components = createComponents()
  const listed = routes.filter(({ doc }) => doc.profile !== 'classic')
  const paths = pathsOf(listed, (route) =>
    operationOf(route, { components, hasOAuth, rateHeaders: 'RateLimit', refusesBodyWith: 422 }),
  )
  const used = new Set(listed.flatMap(({ tags }) => tags))
  return onlyUsed({
    openapi: '3.2.0',
    $self: `${publicUrl}/v1/openapi.json`,
    info: {
      title: 'Pawtrail',
      version,
      summary: 'System of record and live API for animal shelters.',
      description: DESCRIPTION,
      license: { name: 'Unlicensed', identifier: 'LicenseRef-Unlicensed' },
    },
    servers: [{ url: publicUrl, description: 'This server.' }],
    tags: [...used].sort().map((name) => ({ name, description: TAGS[name] ?? name })),
    paths,
    webhooks: eventWebhooks(components),
    components: {
      schemas: { ...components.schemas(), Problem: problemSchema(PROBLEM_TYPE_BASE) },
      parameters: PARAMETERS,
      headers: HEADERS,
      responses: problemResponses(PROBLEM_TYPE_BASE),
      securitySchemes: securitySchemes(publicUrl, hasOAuth),
    },
  })
}

const PRUNED = ['parameters', 'responses', 'headers', 'schemas'] as const

/** Without the components that nothing refers to. Twice, because a response that goes takes its headers with it. */
export const onlyUsed = (document: JsonObject): JsonObject => prune(prune(document))

const prune = (document: JsonObject): JsonObject => {
  const text = JSON.stringify(document)
  const components = document['components'] as Readonly<Record<string, JsonObject>>
  const pruned = PRUNED.map((kind) => {
    const used = Object.entries(components[kind] ?? {}).filter(([name]) =>
      text.includes(`"#/components/${kind}/${name}"`),
    )
    return [kind, Object.fromEntries(used)] as const
  })
  return { ...document, components: { ...components, ...Object.fromEntries(pruned) } }
}

const DESCRIPTION = [
  'Every request is about one tenant, named by `X-Tenant-ID`; without it, about the shared pool.',
  'Bodies are closed: a member that is not listed is refused and named.',
  'Reads of pets and shelters need no token. A write answers `Event-Cursor`; a read that sends it',
  'back as `Wait-For-Cursor` sees that write.',
].join(' ')

export const pathsOf = (
  routes: readonly DocumentedRoute[],
  make: (route: DocumentedRoute) => JsonObject,
): JsonObject => {
  const paths = new Map<string, JsonObject>()
  const inOrder = [...routes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  for (const route of inOrder) {
    paths.set(route.path, { ...paths.get(route.path), [route.method.toLowerCase()]: make(route) })
  }
  return Object.fromEntries(paths)
}
