// The port to stored files (pet photos). Keys are made by us, never taken from a request unchecked.
import type { TenantId } from './ids.ts'

export type Blob = Readonly<{ bytes: Uint8Array; contentType: string }>

/**
 * `name` is `<sha256 hex>.<jpg|png|webp>`: content-addressed, so that a second put of the same bytes
 * changes nothing.
 */
export type BlobKey = Readonly<{ tenantId: TenantId; petId: string; name: string }>

/**
 * Guaranteed: durable before `put` resolves; a put under an existing key keeps the same bytes; a tenant's blobs are
 * reached only with its id. Throws Fault `blob_store_unavailable`.
 */
export interface BlobStore {
  put(key: BlobKey, blob: Blob): Promise<void>
  get(key: BlobKey): Promise<Blob | undefined>
}
