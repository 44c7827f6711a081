// The golden files: every version of every event as it was stored on the day the version came to
// be. Written once.
import { readFile, writeFile } from 'node:fs/promises'
import { format } from 'prettier'
import { z } from 'zod'
import type { EventDefinition } from '../../src/events/definition.ts'

const FOLDER = new URL('../events/golden/', import.meta.url)

const goldenSchema = z.strictObject({
  type: z.string(),
  schemaVersion: z.int().min(1),
  data: z.record(z.string(), z.json()),
})
export type GoldenEvent = z.infer<typeof goldenSchema>

export const goldenFile = (type: string, version: number): URL =>
  new URL(`${type}.v${String(version)}.json`, FOLDER)

export const readGolden = async (type: string, version: number): Promise<GoldenEvent> =>
  goldenSchema.parse(JSON.parse(await readFile(goldenFile(type, version), 'utf8')))

/**
 * Writes the sample of the current version, unless there is a file: an old one is never changed.
 */
export const writeMissingGolden = async ({ type, version, sample }: EventDefinition) => {
  const text = JSON.stringify({ type, schemaVersion: version, data: sample })
  const formatted = await format(text, { parser: 'json' })
  await writeFile(goldenFile(type, version), formatted, { flag: 'wx' }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
}
