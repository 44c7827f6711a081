// A setting that reads well and cannot be used: found at the start, told in a sentence that names it.

/** The message is the whole of what people are told; it holds no secrets. */
export class BadSetting extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'BadSetting'
  }
}

/** What the system or the driver calls a failure, or nothing. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** The same in words. Some failures, such as that of every address of a name, have a code only. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)) || codeOf(error)
