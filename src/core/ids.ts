// Identifiers that cross every layer. They are made only by parsing at an edge; inside they are trusted.
import { z } from 'zod'

const UUID_V4_OR_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** A UUID of version 4 or 7 in lower case; upper case input is folded. */
export const uuidSchema = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(UUID_V4_OR_V7, 'Must be a UUID of version 4 or 7'))
  .meta({ format: 'uuid' })

/** The tenant that everything without an X-Tenant-ID lives in. */
export const SHARED_TENANT_NAME = 'shared'

/** `shared`, or the UUID (v4 or v7, lower case) of a shelter organisation. */
export const tenantIdSchema = z
  .union([z.literal(SHARED_TENANT_NAME), uuidSchema])
  .pipe(z.string().brand<'TenantId'>())
export type TenantId = z.infer<typeof tenantIdSchema>

export const SHARED_TENANT: TenantId = tenantIdSchema.parse(SHARED_TENANT_NAME)

/** True when the text is a UUID of version 4 or 7, in either case. */
export const isUuid = (text: string): boolean => UUID_V4_OR_V7.test(text.toLowerCase())

/** Source of new identifiers: UUID v7, so that they sort by the time they were made. */
export type IdGenerator = () => string
