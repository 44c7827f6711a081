// Photos of a pet: sent as a form with a file, or as JSON with the URL of one hosted elsewhere; ours are served here.
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { PetResult } from '../../../application.ts'
import type { CommandContext } from '../../../core/command.ts'
import { SHARED_TENANT, type TenantId } from '../../../core/ids.ts'
import { contextOf, doneOrThrow, notFound } from '../command-answer.ts'
import { underIfMatch, versionTag } from '../conditional.ts'
import { optionalText, pathId, petIdParams } from '../fields.ts'
import { parseTenant } from '../guard.ts'
import { callerOf, requireScope } from '../host.ts'
import type { RouteParts } from '../options.ts'
import { ProblemError } from '../problem.ts'
import { fieldErrors, type RequestTypes } from '../validation.ts'
import { photoUrl } from './body.ts'
import { petDocs } from './docs.ts'
import { type ImageKind, imageKindOf, imageName } from './image-bytes.ts'
import { apiResponseSchema } from './schema.ts'
import { petPath } from './single.ts'

export const MAX_IMAGE_BYTES = 5 * 1024 * 1024
const MAX_DESCRIPTION_LENGTH = 1_000
const FORM_LIMITS = {
  fileSize: MAX_IMAGE_BYTES,
  files: 1,
  fields: 4,
  parts: 5,
  fieldSize: 4_096,
  fieldNameSize: 100,
  headerPairs: 20,
} as const
const FORM_OVERHEAD_BYTES = 65_536

export const imageRoutes = (app: FastifyInstance, parts: RouteParts): void => {
  app.register((scope, _options, done) => {
    scope.register(multipart, { limits: FORM_LIMITS, throwFileSizeLimit: true })
    uploadRoute(scope, parts)
    imageRoute(scope, parts)
    done()
  })
}

const uploadRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().post(
    '/v1/pets/:id/images',
    {
      config: { isJson: true, doc: petDocs.upload },
      bodyLimit: MAX_IMAGE_BYTES + FORM_OVERHEAD_BYTES,
      schema: {
        operationId: 'uploadPetPhoto',
        tags: ['pets'],
        params: petIdParams,
        response: { 201: apiResponseSchema },
      },
      onRequest: (request, _reply, done) => {
        requireScope(request, 'write:pets')
        done()
      },
    },
    async (request, reply) => {
      const writer = requireScope(request, 'write:pets')
      const petId = request.params.id
      const sent = request.isMultipart() ? await readForm(request) : readJson(request.body)
      const call = { request, ...writer, content: { ...sent, petId } }
      const result = await parts.runIdempotent(call, (idempotency) =>
        underIfMatch(request.headers['if-match'], (expectedVersion) => {
          const context = contextOf(request, writer, { expectedVersion, idempotency })
          return addPhoto(parts, { context, petId, sent })
        }),
      )
      const photo = sent.kind === 'url' ? 'url' : 'file'
      const done = doneOrThrow(result, 'pet', { photos: photo })
      reply.headers({
        etag: versionTag(done.version),
        'event-cursor': parts.eventCursors.of(writer.tenantId, done.position),
        'cache-control': 'no-store',
        location: placeOf(writer.tenantId, petId, sent),
      })
      if (done.replayed) reply.header('idempotent-replayed', 'true')
      return reply.code(201).send({ message: 'The photo was added.', success: true })
    },
  )
}

type SentPhoto =
  | Readonly<{ kind: 'url'; url: string; description: string | null }>
  | Readonly<{ kind: 'file'; bytes: Buffer; image: ImageKind; description: string | null }>

const jsonBody = z.strictObject({
  url: photoUrl,
  additionalMetadata: optionalText(MAX_DESCRIPTION_LENGTH),
})

const readJson = (body: unknown): SentPhoto => {
  if (body === undefined || body === null) {
    throw new ProblemError('bad-request', 'A form with a file, or JSON with a url, is required.')
  }
  const parsed = jsonBody.safeParse(body, { reportInput: true })
  if (!parsed.success) {
    throw new ProblemError('validation-error', 'The request body contains validation errors', {
      errors: parsed.error.issues.flatMap((issue) => fieldErrors('body', issue)),
    })
  }
  const { url, additionalMetadata = null } = parsed.data
  return { kind: 'url', url, description: additionalMetadata }
}

const readForm = async (request: FastifyRequest): Promise<SentPhoto> => {
  try {
    return await readParts(request)
  } catch (error) {
    // The parser throws plain errors for a form without a boundary, or one that breaks off.
    if (error instanceof Error && ('statusCode' in error || error instanceof ProblemError))
      throw error
    throw new ProblemError('bad-request', 'The body is not a valid form.', { cause: error })
  }
}

const readParts = async (request: FastifyRequest): Promise<SentPhoto> => {
  let bytes: Buffer | undefined
  let description: string | null = null
  for await (const part of request.parts()) {
    if (part.type === 'file' && part.fieldname === 'file') bytes = await part.toBuffer()
    else if (part.type === 'file')
      throw formProblem(part.fieldname, 'Is not a known part', 'UNKNOWN_FIELD')
    else if (part.fieldname === 'additionalMetadata') description = describe(String(part.value))
    else throw formProblem(part.fieldname, 'Is not a known part', 'UNKNOWN_FIELD')
  }
  if (bytes === undefined || bytes.length === 0) {
    throw formProblem('file', 'Is required, as a file', 'REQUIRED')
  }
  const image = imageKindOf(bytes)
  if (image === undefined) {
    throw new ProblemError('unsupported-media-type', 'The file is not a JPEG, PNG or WebP image.', {
      errors: [
        { field: 'file', message: 'Must be a JPEG, PNG or WebP image', code: 'INVALID_FORMAT' },
      ],
    })
  }
  return { kind: 'file', bytes, image, description }
}

const describe = (text: string): string | null => {
  const parsed = optionalText(MAX_DESCRIPTION_LENGTH).safeParse(text)
  if (parsed.success) return parsed.data ?? null
  const message = `Must be plain text of at most ${MAX_DESCRIPTION_LENGTH} characters`
  throw formProblem('additionalMetadata', message, 'TOO_LONG')
}

/** Where the photo is read; as it is named in the pet's photos. */
const placeOf = (tenantId: TenantId, petId: string, sent: SentPhoto): string => {
  if (sent.kind === 'url') return new URL(sent.url).href
  const named = tenantId === SHARED_TENANT ? '' : `?tenant=${tenantId}`
  return `${petPath(petId)}/images/${imageName(sent.bytes, sent.image)}${named}`
}

/** A part without a name is the fault of the form. */
const formProblem = (field: string | undefined, message: string, code: string): ProblemError =>
  new ProblemError('validation-error', 'The form contains validation errors', {
    errors: [{ field: field ?? 'body', message, code }],
  })

type Adding = Readonly<{ context: CommandContext; petId: string; sent: SentPhoto }>

/**
 * The bytes are stored before the event that names them: a photo in a pet's list can always be read. Before that, a
 * revision that changes nothing asks the log for the pet, the precondition and the key: nothing is stored in vain.
 */
const addPhoto = async (parts: RouteParts, adding: Adding): Promise<PetResult> => {
  const { context, petId, sent } = adding
  const { pets } = parts.application
  const { description } = sent
  if (sent.kind === 'url') {
    return pets.addPhoto(context, petId, { photo: { kind: 'url', url: sent.url }, description })
  }
  const found = await pets.revise(context, petId, { changes: {} })
  if (found.kind !== 'done' || found.replayed) return found
  const { contentType } = sent.image
  const name = imageName(sent.bytes, sent.image)
  await parts.blobs.put(
    { tenantId: context.tenantId, petId, name },
    { bytes: sent.bytes, contentType },
  )
  return pets.addPhoto(context, petId, { photo: { kind: 'blob', name, contentType }, description })
}

const imageParams = z.strictObject({
  id: pathId,
  name: z.string().regex(/^[0-9a-f]{64}\.(jpg|png|webp)$/, 'Must be the name of an image'),
})

const imageRoute = (app: FastifyInstance, parts: RouteParts): void => {
  app.withTypeProvider<RequestTypes>().get(
    '/v1/pets/:id/images/:name',
    {
      config: { doc: petDocs.image },
      compress: false,
      schema: {
        operationId: 'getPetPhoto',
        tags: ['pets'],
        params: imageParams,
        querystring: z.strictObject({ tenant: z.string().optional() }),
      },
      preHandler: [
        (request, _reply, done) => {
          tenantOfImage(request, request.query.tenant, parts.settings.publicReads)
          done()
        },
        parts.eventCursors.waitForCursor,
      ],
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { id: petId, name } = request.params
      if (!(await hasImage(parts, { tenantId, petId, name }))) throw notFound('image')
      return sendImage(parts, reply, { tenantId, petId, name })
    },
  )
}

/** An <img> cannot send a header: there the tenant may be named in the query. */
const tenantOfImage = (
  request: FastifyRequest,
  named: string | undefined,
  publicReads: boolean,
): void => {
  const caller = callerOf(request)
  const tenantId = named === undefined ? caller.tenantId : parseTenant(named, 'tenant')
  if (request.headers['x-tenant-id'] !== undefined && tenantId !== caller.tenantId) {
    throw new ProblemError('bad-request', 'tenant and X-Tenant-ID name two tenants.')
  }
  request.caller = { ...caller, tenantId }
  if (!publicReads && tenantId !== SHARED_TENANT) requireScope(request, 'read:pets')
}

type ImageKey = Readonly<{ tenantId: TenantId; petId: string; name: string }>

/** The read model has nearly all; what was only just sent is in the log already. */
const hasImage = async (
  { application: { pets } }: RouteParts,
  { tenantId, petId, name }: ImageKey,
): Promise<boolean> => {
  const pet = await pets.get(tenantId, petId, { extras: false })
  if (pet !== undefined && isShown(pet.json, name)) return true
  const { photos = [] } = (await pets.current(tenantId, petId)) ?? {}
  return photos.some((photo) => photo.kind === 'blob' && photo.name === name)
}

const isShown = (json: string, name: string): boolean => {
  const { photos = [] } = JSON.parse(json) as { photos?: readonly string[] }
  return photos.some((url) => url.split('?')[0]?.endsWith(`/images/${name}`) === true)
}

const sendImage = async (
  parts: RouteParts,
  reply: FastifyReply,
  key: ImageKey,
): Promise<FastifyReply> => {
  const tag = `"${key.name.slice(0, 64)}"`
  reply.headers({
    etag: tag,
    // Named by its content: what it holds never changes. A tenant's own are not for shared caches.
    'cache-control': `${key.tenantId === SHARED_TENANT ? 'public' : 'private'}, max-age=31536000, immutable`,
    vary: 'Origin, X-Tenant-ID, Authorization',
    'cross-origin-resource-policy': 'cross-origin', // pages of other sites may show it
  })
  const held = reply.request.headers['if-none-match']
  if (held !== undefined && (held === '*' || held.includes(tag))) return reply.code(304).send()
  const blob = await parts.blobs.get(key)
  if (blob === undefined) throw notFound('image')
  return reply.type(blob.contentType).send(Buffer.from(blob.bytes))
}
