// What every transport of events promises: one suite for all of them, each case on a stage of its own.
import type { Test } from 'tap'
import { accessCases } from './access-cases.ts'
import { deliveryCases } from './delivery-cases.ts'
import type { Case, Stage, TransportFeatures } from './types.ts'

export type TransportContract = Readonly<{
  make: (t: Test) => Promise<Stage>
  features: TransportFeatures
}>

export const transportCases: readonly Case[] = [...deliveryCases, ...accessCases]

export const transportContract = async (
  t: Test,
  { make, features }: TransportContract,
): Promise<void> => {
  for (const [title, run, needs] of transportCases) {
    if (needs !== undefined && features[needs] !== true) continue
    await t.test(title, async (t) => {
      const stage = await make(t)
      await t.resolves(run(stage, features), 'every assertion of the case holds')
    })
  }
}
