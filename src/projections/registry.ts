// The read models that this build keeps.
import { petsProjection } from './pets/fold.ts'
import type { Projection } from './projection.ts'
import { sheltersProjection } from './shelters.ts'

export const projections: readonly Projection[] = [petsProjection, sheltersProjection]
