// What readers may know of how far a read model is, without knowing how it is built.
import type { Position } from './event.ts'
import type { TenantId } from './ids.ts'

/**
 * Guaranteed: `position(p)` is never ahead of what a query sees; `generation(p, t)` differs from its earlier value
 * whenever tenant t's rows of p may have changed since, and it moves before `waitFor` resolves.
 */
export interface ReadModelProgress {
  position(projection: string): Position
  generation(projection: string, tenantId: TenantId): number
  /** True as soon as the projection has reached the position; false when the time is up first. */
  waitFor(projection: string, position: Position, timeoutMs: number): Promise<boolean>
}
