// The machine's clock: the one place that asks what time it is.
import type { Clock } from '../../core/clock.ts'

export const systemClock: Clock = () => Date.now()
