// JSON Merge Patch on a pet. The profile's members are replaced one by one; medicalInfo is an object of its own, and a
// patch of some of its members is merged with what the pet has, under the version at which that was read.
import { setTimeout as delay } from 'node:timers/promises'
import type { PetResult, RevisePet } from '../../../application.ts'
import type { CommandContext } from '../../../core/command.ts'
import type { Version } from '../../../core/event.ts'
import type { PetProfile } from '../../../events/pet.ts'
import type { RouteParts } from '../options.ts'
import { changedProfile, mergeMedical, type PetPatchBody } from './body.ts'

// A read model that is a moment behind makes the version not match: it is given this long to follow.
const MAX_ATTEMPTS = 10
const RETRY_DELAY_MS = 50

export type PatchCall = Readonly<{
  petId: string
  body: PetPatchBody
  beside: Omit<RevisePet, 'changes'>
  expectedVersion: Version | undefined
  contextAt: (expectedVersion: Version | undefined) => CommandContext
}>

export const revisePatched = async (parts: RouteParts, call: PatchCall): Promise<PetResult> => {
  const { pets } = parts.application
  const changes = changedProfile(call.body)
  const medical = call.body.medicalInfo
  if (medical === undefined || medical === null) {
    return pets.revise(call.contextAt(call.expectedVersion), call.petId, {
      changes,
      ...call.beside,
    })
  }
  let result: PetResult = { kind: 'conflict', actualVersion: 0 }
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (attempt > 0) await delay(RETRY_DELAY_MS)
    const { tenantId } = call.contextAt(undefined)
    const known = await pets.get(tenantId, call.petId, { extras: false })
    if (known !== undefined && (call.expectedVersion ?? known.version) === known.version) {
      const medicalInfo = mergeMedical(medicalOf(known.json), medical)
      const input = { changes: { ...changes, medicalInfo }, ...call.beside }
      result = await pets.revise(call.contextAt(known.version), call.petId, input)
      if (result.kind !== 'version_mismatch' || call.expectedVersion !== undefined) return result
    } else {
      const unread = await probe(parts, call)
      if (unread !== undefined) return unread
    }
  }
  return result.kind === 'version_mismatch'
    ? { kind: 'conflict', actualVersion: result.actualVersion }
    : result
}

/**
 * The read model does not know the pet in the version asked for. A revision that changes nothing tells whether the
 * log does: undefined when it does, and the read model only has to follow.
 */
const probe = async (parts: RouteParts, call: PatchCall): Promise<PetResult | undefined> => {
  const context = call.contextAt(call.expectedVersion)
  const result = await parts.application.pets.revise(context, call.petId, { changes: {} })
  return result.kind === 'done' ? undefined : result
}

const medicalOf = (json: string): Partial<NonNullable<PetProfile['medicalInfo']>> | null => {
  const pet = JSON.parse(json) as { medicalInfo?: Partial<NonNullable<PetProfile['medicalInfo']>> }
  return pet.medicalInfo ?? null
}
