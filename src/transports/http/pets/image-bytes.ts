// What an upload really is: told by its first bytes, never by its name or by what the client says.
import { createHash } from 'node:crypto'

export type ImageKind = Readonly<{ extension: 'jpg' | 'png' | 'webp'; contentType: string }>

const JPEG: ImageKind = { extension: 'jpg', contentType: 'image/jpeg' }
const PNG: ImageKind = { extension: 'png', contentType: 'image/png' }
const WEBP: ImageKind = { extension: 'webp', contentType: 'image/webp' }
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export const imageKindOf = (bytes: Buffer): ImageKind | undefined => {
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return JPEG
  if (bytes.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) return PNG
  const isRiff = bytes.subarray(0, 4).toString('latin1') === 'RIFF'
  if (isRiff && bytes.subarray(8, 12).toString('latin1') === 'WEBP') return WEBP
  return undefined
}

/** Named by its content: the same picture sent twice is stored once. */
export const imageName = (bytes: Buffer, { extension }: ImageKind): string =>
  `${createHash('sha256').update(bytes).digest('hex')}.${extension}`
