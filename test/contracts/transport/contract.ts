// What every transport of events promises: one suite for all of them, each case on a stage of its own.
import type { Test } from 'tap'
import { accessCases } from './access-cases.ts'
import { deliveryCases } from './delivery-cases.ts'
import { whatHoldsInstead } from './without.ts'
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
    const isHere = needs === undefined || features[needs] === true
    await t.test(isHere ? title : `not here: ${title}`, async (t) => {
      const stage = await make(t)
      const running = isHere ? run : whatHoldsInstead[needs]
      await t.resolves(running(stage, features), 'every assertion of the case holds')
    })
  }
}
