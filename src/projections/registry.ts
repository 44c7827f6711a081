// The read models that this build keeps.
import { adoptionsProjection } from './adoptions.ts'
import { ordersProjection } from './orders.ts'
import { petsProjection } from './pets/fold.ts'
import type { Projection } from './projection.ts'
import { sheltersProjection } from './shelters.ts'

export const projections: readonly Projection[] = [
  petsProjection,
  sheltersProjection,
  ordersProjection,
  adoptionsProjection,
]
