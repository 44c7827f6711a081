// Conditional requests (RFC 9110, section 13): entity tags, If-Match on writes, If-None-Match on reads.
import type { CommandResult } from '../../core/command.ts'
import type { Version } from '../../core/event.ts'
import { ProblemError } from './problem.ts'

export const versionTag = (version: Version): string => `"v${version}"`

type Tag = Readonly<{ weak: boolean; opaque: string }>

const TAG = /\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(,|$)/y

const parseTags = (field: string, name: string): readonly Tag[] => {
  const tags: Tag[] = []
  TAG.lastIndex = 0
  while (TAG.lastIndex < field.length) {
    const match = TAG.exec(field)
    if (match === null) {
      const message = 'Must be * or a list of entity tags'
      throw new ProblemError('bad-request', `${name} is not a list of entity tags.`, {
        errors: [{ field: name, message, code: 'INVALID_FORMAT' }],
      })
    }
    tags.push({ weak: match[1] !== undefined, opaque: match[2] ?? '' })
  }
  return tags
}

/** True when the reader's copy is still good. Weak comparison, as the standard asks of If-None-Match. */
export const isUnchanged = (field: string | undefined, tags: readonly string[]): boolean => {
  if (field === undefined) return false
  if (field === '*' || tags.includes(field)) return true
  const held = parseTags(field, 'If-None-Match').map(({ opaque }) => `"${opaque}"`)
  return tags.some((tag) => held.includes(tag))
}

// `v3`, or `v3.12` where something that is not the version moves too.
const VERSION = /^v(\d{1,15})(?:\.\d+)?$/

/** Versions that a writer accepts: undefined is any. Weak tags never hold for a write. */
export const acceptedVersions = (field: string | undefined): readonly Version[] | undefined => {
  if (field === undefined || field.trim() === '*') return undefined
  return parseTags(field, 'If-Match')
    .filter(({ weak, opaque }) => !weak && VERSION.test(opaque))
    .map(({ opaque }) => Number(VERSION.exec(opaque)?.[1]))
    .sort((left, right) => right - left)
}

// No stream ever gets there: the command answers not_found or version_mismatch, and changes nothing.
const NO_VERSION = Number.MAX_SAFE_INTEGER

/**
 * Runs a command under If-Match. A command takes one expected version; with a list of tags the newest is tried first,
 * and a mismatch tells which of the others it has to be.
 */
export const underIfMatch = async <State>(
  field: string | undefined,
  run: (expectedVersion: Version | undefined) => Promise<CommandResult<State>>,
): Promise<CommandResult<State>> => {
  const accepted = acceptedVersions(field)
  if (accepted === undefined) return run(undefined)
  const result = await run(accepted[0] ?? NO_VERSION)
  if (result.kind !== 'version_mismatch' || !accepted.includes(result.actualVersion)) return result
  return run(result.actualVersion)
}
